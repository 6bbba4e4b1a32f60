/** The SDK as it lies in this repository. A program of its own imports it from `letterlock/client`. */
export * from '../../src/client/index.ts';
