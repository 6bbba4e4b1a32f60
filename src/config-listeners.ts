/** Where to listen for HTTP. */
export interface ListenConfig {
  readonly secure: boolean;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
}

/** Where a gateway listens, with the path of a WebSocket. */
export interface GatewayListenConfig extends ListenConfig {
  readonly path: string;
}

/** Reads `scheme://address:port` with one of two schemes, in the clear and over TLS; or says what is wrong. */
export function readListener(
  text: string,
  [clear, secure]: readonly [string, string] = ['http', 'https'],
): GatewayListenConfig | string {
  const match = /^([a-z]+):\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(\d{1,5})(\/[A-Za-z0-9/_.-]*)?$/.exec(
    text,
  );
  const [, scheme, host = '', port, path = ''] = match ?? [];
  const takesPath = clear === 'ws';
  if (match === null || (scheme !== clear && scheme !== secure) || (!takesPath && path.length > 1)) {
    return `is not of the form ${clear}://address:port${takesPath ? '/path' : ''}`;
  }
  if (Number(port) > 65_535) return 'has a port above 65535';
  return { secure: scheme === secure, host: host.replaceAll(/[[\]]/g, ''), port: Number(port), path };
}

/** Whether only this machine reaches it. */
export function isLoopback({ host }: Pick<ListenConfig, 'host'>): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
