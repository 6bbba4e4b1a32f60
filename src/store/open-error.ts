/** The database cannot be opened. The message is a sentence for an admin. */
export class StoreOpenError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StoreOpenError';
  }
}

/** The database was changed by a version of the program that knows more than this one. */
export class DatabaseTooNew extends StoreOpenError {
  /** @param place the file, or which database on which server */
  constructor(place: string) {
    super(
      `The database ${place} was changed by a newer version of Letterlock: start that version or a later one.`,
    );
    this.name = 'DatabaseTooNew';
  }
}
