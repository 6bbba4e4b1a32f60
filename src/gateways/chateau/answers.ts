import type { Refusal } from '../../core/errors.ts';

/** What a client is told, in the words of the seed. */
export type ChateauAnswer = { readonly status: number } & (
  | { readonly type: 'RegisterResponse' | 'MessageSendResponse' | 'ErrorResponse' }
  | { readonly type: 'GroupMessageInitResponse'; readonly chatname?: string }
  | { readonly type: 'ClientListResponse'; readonly clients: readonly string[] }
  | { readonly type: 'RandomMessageResponse'; readonly client: string }
  | {
      readonly type: 'GroupMessageRecv' | 'MessageRecv';
      readonly sender: string;
      readonly chatname: string;
      readonly content: string;
    }
);

/** The seed's numbers for what goes wrong. */
export const failures = { generic: 400, notAllowed: 301, nameTaken: 302, nobodyThere: 404 } as const;

/** That something went wrong. */
export function errorAnswer(status: number): ChateauAnswer {
  return { type: 'ErrorResponse', status };
}

/** Something that core does not do, under the number that the request's part of the seed has for it. */
export function answerFor(
  refusal: Refusal,
  numbers: Partial<Record<Refusal['code'], number>>,
): ChateauAnswer {
  // Who was logged in and is not any more, e.g. because the account was deleted, has to register again.
  const isGone = refusal.code === 'session_unknown' || refusal.code === 'not_logged_in';
  return errorAnswer(numbers[refusal.code] ?? (isGone ? failures.notAllowed : failures.generic));
}
