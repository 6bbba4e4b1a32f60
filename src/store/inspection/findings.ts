import { messageOf } from '../outcome.ts';

/** How many problems are listed; all are counted. */
const listed = 100;

/** What a check has found wrong: a sentence for each problem, the first hundred of them kept. */
export class Findings {
  readonly problems: string[] = [];
  private readonly recover: () => Promise<void>;
  private found = 0;

  /** @param recover makes reading possible again after a check that could not be finished */
  constructor(recover: () => Promise<void>) {
    this.recover = recover;
  }

  /** All problems, listed or not. */
  get count(): number {
    return this.found;
  }

  /** @param sentence may hold names from the database, which are made harmless for a terminal here */
  add(sentence: string): void {
    this.found += 1;
    if (this.problems.length < listed) this.problems.push(printable(sentence));
  }

  /** Runs one check. Where it cannot even be finished, that is a problem like any other, and the next one goes on. */
  async attempt(subject: string, check: () => Promise<void>): Promise<void> {
    try {
      await check();
    } catch (error) {
      this.add(`Not all of ${subject} could be read: ${messageOf(error)}.`);
      await this.recover();
    }
  }
}

/** `3 messages`, `1 message`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `4` or `4 to 6`. */
export function range(first: number, last: number): string {
  return first === last ? `${first}` : `${first} to ${last}`;
}

function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
