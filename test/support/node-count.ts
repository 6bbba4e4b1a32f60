/**
 * How many nodes a server under test consists of: one, unless `TEST_SERVER_NODES` says otherwise. Several share a PostgreSQL
 * database and a Redis, and each request or connection comes to one of them picked at random.
 */
export const nodeCount = Number(process.env['TEST_SERVER_NODES'] ?? 1);

/** Why a test is skipped whose subject is one process, or what lies on one machine; false where there is only one. */
export function skipWithSeveralNodes(subject: string): string | false {
  return nodeCount === 1 ? false : `about ${subject}`;
}
