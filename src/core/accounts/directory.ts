/** What a directory says to a name and a password. */
export type DirectoryAnswer =
  | 'right'
  /** The password is wrong, or nobody is called that: no difference is told. */
  | 'wrong'
  /** Nothing was compared: it is down, slow, or answered something else. */
  | 'unavailable';

/** Where people are known, with their passwords, outside of this server. */
export interface Directory {
  /**
   * Never throws, and answers in bounded time. An empty password is always wrong.
   *
   * @param uid the name as it was typed or stored; any text
   */
  check(uid: string, password: string): Promise<DirectoryAnswer>;
}

/** For a server that has none. */
export const noDirectory: Directory = { check: async () => 'unavailable' };
