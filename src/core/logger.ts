/** Facts beside a message. `error` is written with its causes and traces. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the program says what happens. Never given a secret: no password, code, key, payload or message body. */
export interface Logger {
  /** Whether `debug` writes: who would have to gather the facts of every request asks first. */
  readonly writesDebug: boolean;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log, under the name of a part of the program. */
  child(subsystem: string): Logger;
}
