import { domainToASCII, domainToUnicode } from 'node:url';

/** An address that mail can be sent to, or what is wrong with it. */
export type EmailAddressReading =
  | {
      readonly ok: true;
      /** Local part as typed, domain in lower case and in ASCII. */
      readonly email: string;
      /** Equal for all spellings of one address, without regard to case. */
      readonly key: string;
    }
  | { readonly ok: false; readonly problem: string };

const maxAddress = 254;
const maxLocalPart = 64;
const maxLabel = 63;

/** RFC 5322 dot-atom, which needs no quoting anywhere. */
const dotAtom = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const label = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/**
 * Reads one plain address (RFC 5321 §4.1.2, without the forms that need quoting): no display name, quotes,
 * comments, lists or address literals, so that nothing in it can act in a header or an SMTP command. A domain of one
 * label, such as `localhost`, is one.
 */
export function readEmailAddress(input: string): EmailAddressReading {
  if (input.length > maxAddress) return problem('at most 254 characters');
  const at = input.indexOf('@');
  if (at === -1 || at !== input.lastIndexOf('@')) return problem('one address with one @');
  const local = input.slice(0, at);
  if (local.length < 1 || local.length > maxLocalPart) return problem('1 to 64 characters before the @');
  if (/[^\x20-\x7e]/.test(local)) return problem('only plain English characters before the @');
  if (!dotAtom.test(local)) {
    return problem('only letters, digits and plain signs before the @, and no dot at its ends');
  }
  const typedDomain = input.slice(at + 1);
  // Looked at before the conversion, which would decode `%2e` and take other characters for dots and slashes.
  if (!/^[\p{L}\p{M}\p{Nd}.-]+$/u.test(typedDomain)) return problem('what follows the @ is no domain name');
  const domain = domainToASCII(typedDomain).toLowerCase();
  const labels = domain.split('.');
  if (domain === '' || !labels.every((each) => each.length <= maxLabel && label.test(each))) {
    return problem('what follows the @ is no domain name');
  }
  // Newer versions of Node leave ASCII as it is, also where it stands for nothing in Unicode.
  if (/(?:^|\.)xn--/.test(domainToUnicode(domain))) return problem('what follows the @ is no domain name');
  // Conversion has turned all that a resolver takes for an IPv4 address, such as `0x7f.1`, into its four numbers.
  if (/^\d+$/.test(labels.at(-1) ?? '')) return problem('a domain name is needed after the @, not a number');
  const email = `${local}@${domain}`;
  if (email.length > maxAddress) return problem('at most 254 characters');
  return { ok: true, email, key: email.toLowerCase() };
}

function problem(text: string): EmailAddressReading {
  return { ok: false, problem: text };
}
