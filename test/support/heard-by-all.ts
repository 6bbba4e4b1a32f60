import type { RunningServer } from '../../src/composition.ts';
import { until } from './until.ts';

/**
 * Lets what an admin does on the first node be done when all nodes have heard of it. Two seconds are allowed for that,
 * which is for tests about nodes to measure; elsewhere it is as if there were one.
 */
export function waitForAll(nodes: readonly RunningServer[]): void {
  const [first, ...others] = nodes;
  if (first === undefined) return;
  const { moderation, bans } = first.core;
  const heard = (): Promise<true> =>
    until(
      async () => others.every(({ core }) => idsOf(core.bans) === idsOf(bans)) || undefined,
      'a ban that all nodes know',
    );
  const impose = moderation.impose.bind(moderation);
  const lift = moderation.lift.bind(moderation);
  const undo = moderation.undo.bind(moderation);
  moderation.impose = async (...action) => {
    const imposed = await impose(...action);
    await heard();
    return imposed;
  };
  moderation.lift = async (...action) => {
    const lifted = await lift(...action);
    await heard();
    return lifted;
  };
  moderation.undo = async (...actor) => {
    const undone = await undo(...actor);
    await heard();
    return undone;
  };
}

/** Which bans a node holds to be in force. */
function idsOf(bans: RunningServer['core']['bans']): string {
  return [...(bans as unknown as { ids: ReadonlySet<string> }).ids].sort().join(' ');
}
