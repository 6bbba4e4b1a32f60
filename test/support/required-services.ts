/**
 * Why tests are skipped for want of something that has to be installed or started.
 *
 * @throws where `REQUIRE_SERVICES=on`, as in the gate: what is to be tried there is tried
 */
export function missing(reason: string): string {
  if (process.env['REQUIRE_SERVICES'] === 'on') throw new Error(`REQUIRE_SERVICES=on, but ${reason}`);
  return reason;
}
