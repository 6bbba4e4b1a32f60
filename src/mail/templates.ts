import type { MailContent } from '../core/mail/mail-content.ts';
import type { MailMessage } from '../core/mail/mail-transport.ts';

/** One paragraph of a mail, for both its parts. A code stands alone, large, as it is copied; a link on a line of its own. */
type Paragraph = string | { readonly code: string } | { readonly link: string; readonly label: string };

export interface MailRendererOptions {
  /** What it calls the server; null for nothing. */
  readonly publicUrl: string | null;
  /** Where links lead, without a slash at its end. */
  readonly linkBase: () => string;
}

/** Texts for both parts of a mail. */
export function mailRenderer({ publicUrl, linkBase }: MailRendererOptions) {
  return (content: MailContent & { to: string }): Pick<MailMessage, 'subject' | 'text' | 'html'> => {
    const { subject, paragraphs } = write(content, linkBase);
    const signature = publicUrl === null ? 'Letterlock' : `Letterlock, ${publicUrl}`;
    return { subject, text: textPart(paragraphs, signature), html: htmlPart(subject, paragraphs, signature) };
  };
}

function write(content: MailContent, linkBase: () => string): { subject: string; paragraphs: Paragraph[] } {
  const greeting = `Hello ${plain(content.username)},`;
  switch (content.kind) {
    case 'recovery_code':
      return {
        subject: 'Your code to recover your account',
        paragraphs: [
          greeting,
          'this is the code to set a new password:',
          { code: content.code },
          `Type it where you asked for it. It is good for ${content.minutes} minutes.`,
          'If it was not you who asked, you need not do anything: without this code nothing changes.',
        ],
      };
    case 'email_code':
      return {
        subject: 'Your code to confirm this address',
        paragraphs: [
          greeting,
          'this is the code to make this the address of your account:',
          { code: content.code },
          `Type it where you asked for it. It is good for ${content.minutes} minutes.`,
          'If it was not you who asked, you need not do anything: without this code nothing changes.',
        ],
      };
    case 'recovery_link':
      return {
        subject: 'Your link to set a new password',
        paragraphs: [
          greeting,
          'with this link you set a new password for your account:',
          { link: `${linkBase()}/reset/${content.token}`, label: 'Set a new password' },
          `It is good once, for ${content.minutes} minutes. Everywhere you are logged in you will be logged out.`,
          'If it was not you who asked, you need not do anything: without this link nothing changes. Pass it on to nobody.',
        ],
      };
    case 'email_link':
      return {
        subject: 'Your link to confirm this address',
        paragraphs: [
          greeting,
          'with this link you make this the address of your account:',
          { link: `${linkBase()}/confirm/${content.token}`, label: 'Confirm this address' },
          `It is good once, for ${content.minutes} minutes.`,
          'If it was not you who asked, you need not do anything: without this link nothing changes.',
        ],
      };
    case 'password_changed':
      return {
        subject: 'Your password was changed',
        paragraphs: [
          greeting,
          `the password of your account was changed on ${shownTime(content.at)}. Everywhere else you have been logged out.`,
          'If it was not you, recover your account now with a code to this address, and ask who else can read your mail.',
        ],
      };
    case 'email_changing':
      return {
        subject: 'The address of your account is being changed',
        paragraphs: [
          greeting,
          `somebody who is logged in to your account asked to make ${plain(content.newEmail)} its address. It changes as soon as that is confirmed with what was sent there.`,
          'If it was not you, change your password now.',
        ],
      };
  }
}

function textPart(paragraphs: readonly Paragraph[], signature: string): string {
  const blocks = paragraphs.map((each) =>
    typeof each === 'string' ? each : `    ${'code' in each ? each.code : each.link}`,
  );
  return `${[...blocks, `-- \n${signature}`].join('\n\n')}\n`;
}

/** Nothing in it is loaded from anywhere; colours follow the reader's own. */
function htmlPart(subject: string, paragraphs: readonly Paragraph[], signature: string): string {
  const blocks = paragraphs.map((each) => {
    if (typeof each === 'string') return `<p>${escapeHtml(each)}</p>`;
    return 'link' in each ? htmlLink(each) : htmlCode(each.code);
  });
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${escapeHtml(subject)}</title></head>
<body style="font:16px/1.5 system-ui,-apple-system,Segoe UI,sans-serif;max-width:34em;margin:0 auto;padding:16px">
${blocks.join('\n')}
<p style="opacity:.65;font-size:14px">${escapeHtml(signature)}</p>
</body>
</html>
`;
}

function htmlCode(code: string): string {
  return `<p style="font:bold 28px/1.4 ui-monospace,Menlo,Consolas,monospace;letter-spacing:3px;margin:24px 0">${escapeHtml(code)}</p>`;
}

/** As a button, and as text for who would rather see where it leads. */
function htmlLink({ link, label }: { link: string; label: string }): string {
  const url = escapeHtml(link);
  return `<p style="margin:24px 0"><a href="${url}" style="display:inline-block;padding:12px 20px;border-radius:6px;background:#1f5fbf;color:#fff;text-decoration:none;font-weight:bold">${escapeHtml(label)}</a></p>
<p style="font-size:14px;overflow-wrap:anywhere">${url}</p>`;
}

function shownTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Text from outside without what acts rather than shows: controls, format and direction marks. */
function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '');
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}
