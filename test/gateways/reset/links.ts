/** The links in a mail's text. */
export function linkIn(text: string): { url: string; path: string; token: string } {
  const match = /^ {4}(https?:\/\/\S+?)(\/(?:reset|confirm)\/([\w-]{43}))$/m.exec(text);
  if (match === null) throw new Error(`there is no link in the mail: ${text}`);
  const [, base = '', path = '', token = ''] = match;
  return { url: `${base}${path}`, path, token };
}
