import { Chat } from './chat.ts';
import { obey } from './commands.ts';
import { listen } from './listening.ts';
import { LetterlockError } from './sdk.ts';
import { Screen } from './screen.ts';
import { signIn } from './sign-in.ts';
import { StateFile } from './state-file.ts';

/** How long the end waits for the server to hear of it. */
const logoutMilliseconds = 2_000;

const url = (process.argv[2] ?? 'http://127.0.0.1:3000').replace(/\/+$/, '');
const screen = new Screen(process.stdin, process.stdout);
const state = new StateFile(process.env);
try {
  await run();
} catch (error) {
  screen.line(wordsFor(error));
  process.exitCode = 1;
} finally {
  screen.close();
}

async function run(): Promise<void> {
  screen.line({ dim: `Letterlock at ${url}` });
  const signedIn = await signIn(url, screen, state);
  if (signedIn === null) return;
  const stop = new AbortController();
  const chat = new Chat({ ...signedIn, screen, onQuit: () => screen.close() });
  const lines: { last: Promise<void> } = { last: Promise.resolve() };
  screen.start({
    onLine: (line) => {
      chat.typing.sent();
      if (chat.open !== null && !/^\/(?!\/)/.test(line)) screen.forget(line);
      // One after the other, as they were written.
      lines.last = lines.last.then(() => serve(chat, line));
    },
    onKey: (line) => chat.typing.changed(chat.open?.room ?? null, line),
    onClose: () => stop.abort('quit'),
  });
  screen.line({ dim: '/help shows what can be done' });
  try {
    await listen(chat, stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    await chat.client.logout({ signal: AbortSignal.timeout(logoutMilliseconds) }).catch(() => {});
  }
}

async function serve(chat: Chat, line: string): Promise<void> {
  try {
    await obey(chat, line);
  } catch (error) {
    chat.complain(wordsFor(error));
  }
  screen.ready();
}

/** What went wrong, for people. */
function wordsFor(error: unknown): string {
  if (!(error instanceof LetterlockError)) return error instanceof Error ? error.message : String(error);
  const { code, reason, until } = error;
  const why = reason === null ? '' : `: ${reason}`;
  switch (code) {
    case 'kicked':
    case 'banned':
      return `You are ${code}${until === null ? '' : ` until ${until}`}${why}`;
    case 'identity_changed':
      return `This is not the server you met before: its identity is another (${error.message}). If its admin tells you that this is right, take it out of ${state.file}`;
    case 'unreachable':
      return `${url} does not answer`;
    case 'invalid_input':
      return Object.entries(error.errors)
        .map(([field, problem]) => `${field}: ${problem}`)
        .join('\n');
    default:
      return `${error.message}${why}`;
  }
}
