/** Looks again and again until there is something, for as long as a test may take. */
export async function until<Value>(look: () => Promise<Value | undefined>, what: string): Promise<Value> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`there never was ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
