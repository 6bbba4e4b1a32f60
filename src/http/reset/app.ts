import { Hono } from 'hono';
import type { AddressRanges } from '../../core/addresses.ts';
import type { Core } from '../../core/core.ts';
import { Refusal } from '../../core/errors.ts';
import type { LinkPurpose } from '../../core/link-store.ts';
import type { LinkState } from '../../core/links/look-at-link.ts';
import type { Logger } from '../../core/logger.ts';
import { readBody } from '../body.ts';
import { closingHeaders } from '../problem.ts';
import { type HttpContext, type HttpEnvironment, addressOf } from '../request.ts';
import { addressPage, messagePage, pageHeaders, passwordPage } from './pages.ts';

export interface ResetAppDependencies {
  readonly core: Pick<Core, 'lookAtLink' | 'resetByLink' | 'confirmEmailByLink' | 'bans'>;
  readonly trustProxy: AddressRanges;
  readonly logger: Logger;
}

/** A form of two passwords, percent-encoded, and room to spare. */
const maxFormBytes = 16 * 1024;

/** What is asked with a link, and what is done with it. */
interface LinkPage {
  readonly path: string;
  readonly purpose: LinkPurpose;
  /** The page of a link that is good. Changes nothing: programs that scan mails follow links too. */
  readonly show: (email: string) => Response;
  /** Does what the link is for. */
  readonly submit: (context: HttpContext, token: string, email: string) => Promise<Response>;
}

/**
 * The pages that links in mails lead to. No answer, log line or header holds a token, and there is no way to ask for one
 * here.
 */
export function resetApp(dependencies: ResetAppDependencies): Hono<HttpEnvironment> {
  const app = new Hono<HttpEnvironment>();
  for (const page of [resetPage(dependencies), confirmPage(dependencies)]) {
    app.get(page.path, (context) => serve(dependencies, page, context, false));
    app.post(page.path, (context) => serve(dependencies, page, context, true));
    app.all(page.path, () =>
      respond(405, messagePage('Not like that', 'This page is opened with a link.'), {
        Allow: 'GET, HEAD, POST',
      }),
    );
  }
  app.notFound(() => unknown());
  app.onError((error) => failed(dependencies.logger, error));
  return app;
}

async function serve(
  { core, trustProxy }: ResetAppDependencies,
  page: LinkPage,
  context: HttpContext,
  isSubmitted: boolean,
): Promise<Response> {
  if (core.bans.looksAtAddresses) core.bans.refuseAddress(addressOf(context, trustProxy));
  const token = context.req.param('token') ?? '';
  const link = await core.lookAtLink(page.purpose, token);
  if (link.state !== 'good') return notGood(link);
  return isSubmitted ? page.submit(context, token, link.email ?? '') : page.show(link.email ?? '');
}

function resetPage({ core }: ResetAppDependencies): LinkPage {
  return {
    path: '/reset/:token',
    purpose: 'reset',
    show: () => respond(200, passwordPage(null)),
    submit: async (context, token) => {
      const form = await readForm(context);
      const password = form.get('password') ?? '';
      if (password !== (form.get('repeat') ?? '')) {
        return respond(422, passwordPage('The two are not the same. Please type it once more.'));
      }
      try {
        await core.resetByLink(token, password);
      } catch (error) {
        const problem = error instanceof Refusal ? error.members.errors?.['password'] : undefined;
        if (problem === undefined) throw error;
        return respond(422, passwordPage(`This password cannot be taken: ${problem}.`));
      }
      return respond(
        200,
        messagePage('Your password is set', 'Log in with it now, in the program that you use to write.'),
      );
    },
  };
}

function confirmPage({ core }: ResetAppDependencies): LinkPage {
  return {
    path: '/confirm/:token',
    purpose: 'email',
    show: (email) => respond(200, addressPage(email, null)),
    submit: async (_context, token, email) => {
      try {
        await core.confirmEmailByLink(token);
      } catch (error) {
        if (!(error instanceof Refusal && error.code === 'email_taken')) throw error;
        return respond(409, addressPage(email, 'Another account has this address by now.'));
      }
      return respond(200, messagePage('Your address is confirmed', 'You can close this page.'));
    },
  };
}

/** @throws Refusal `too_large`, `encoding_unsupported`, `payload_malformed` */
async function readForm(context: HttpContext): Promise<URLSearchParams> {
  const body = await readBody(context);
  if (body.length > maxFormBytes) throw new Refusal('too_large');
  return new URLSearchParams(body.toString());
}

function notGood({ state }: LinkState): Response {
  switch (state) {
    case 'used':
      return respond(
        410,
        messagePage('This link was used already', 'Or a newer one has taken its place. Ask for another one.'),
      );
    case 'expired':
      return respond(
        410,
        messagePage('This link is too old', 'A link is good for 30 minutes. Ask for another one.'),
      );
    default:
      return unknown();
  }
}

function unknown(): Response {
  return respond(
    404,
    messagePage('There is nothing here', 'Open the link from the mail as a whole, or ask for another one.'),
  );
}

function failed(logger: Logger, error: unknown): Response {
  if (error instanceof Refusal && error.code !== 'internal') {
    if (error.code === 'code_expired') return notGood({ state: 'used' });
    return respond(
      error.status,
      messagePage('That did not work', `${error.message}.`),
      closingHeaders(error),
    );
  }
  logger.error('a page failed', { error });
  return respond(500, messagePage('Something went wrong here', 'Please try again in a moment.'));
}

function respond(status: number, page: string, headers: Record<string, string> = {}): Response {
  return new Response(page, { status, headers: { ...pageHeaders, ...headers } });
}
