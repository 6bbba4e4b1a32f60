import {
  leaseMilliseconds,
  nodeLifeMilliseconds,
  returnMilliseconds,
} from '../../src/core/nodes/shared-presence.ts';
import { PresenceBoard } from '../../src/shared-state/memory/presence-board.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { presenceContract } from './presence-contract.ts';

presenceContract('in memory', false, async () => {
  const clock = new ManualClock();
  const board = new PresenceBoard(clock);
  const node = (id: string) => ({ id, presence: board.presenceOf(id), leases: board.leasesOf(id) });
  const pass = (milliseconds: number) => async (): Promise<void> => clock.advance(milliseconds);
  return {
    a: node('a'),
    b: node('b'),
    outliveNodes: pass(nodeLifeMilliseconds),
    outliveReturn: pass(returnMilliseconds),
    outliveLeases: pass(leaseMilliseconds),
    forget: async () => board.forget(),
  };
});
