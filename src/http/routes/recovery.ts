import { z } from 'zod';
import type { confirmRecoveryCode } from '../../core/recovery/confirm-code.ts';
import type { finishRecovery } from '../../core/recovery/finish-recovery.ts';
import type { forgotPassword } from '../../core/recovery/forgot-password.ts';
import { type AnyEndpoint, endpoint } from '../endpoint.ts';
import { code, email, newPassword, nothing } from '../fields.ts';

export interface RecoveryOperations {
  readonly forgotPassword: ReturnType<typeof forgotPassword>;
  readonly confirmRecoveryCode: ReturnType<typeof confirmRecoveryCode>;
  readonly finishRecovery: ReturnType<typeof finishRecovery>;
}

const group = 'Recovery';

export function recoveryEndpoints(core: RecoveryOperations): AnyEndpoint[] {
  return [
    endpoint({
      path: '/forgot_password',
      group,
      summary: 'Sends a code to the address, if an account has it; the answer never tells',
      login: false,
      changes: true,
      input: z.strictObject({ email }),
      output: nothing,
      refusals: [],
      handle: (caller, input) => core.forgotPassword(caller, input.email),
      present: () => ({}),
    }),
    endpoint({
      path: '/confirm_forgot_password',
      group,
      summary: 'The code from the mail, in the session that asked for it',
      login: false,
      changes: true,
      input: z.strictObject({ code }),
      output: nothing,
      refusals: ['code_wrong', 'code_expired'],
      handle: (caller, input) => core.confirmRecoveryCode(caller, input.code),
      present: () => ({}),
    }),
    endpoint({
      path: '/final_forgot_password',
      group,
      summary: 'Sets the new password, logs the session in and ends all others',
      login: false,
      changes: true,
      input: z.strictObject({ new_password: newPassword }),
      output: nothing,
      refusals: ['recovery_not_confirmed'],
      handle: (caller, input) => core.finishRecovery(caller, input.new_password),
      present: () => ({}),
    }),
  ];
}
