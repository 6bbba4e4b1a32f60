import type { StoreMaintenance } from '../../core/maintenance.ts';
import type { KeyRotation } from '../../core/moderation/key-rotation.ts';
import { consoleActor } from '../actor.ts';
import { type Command, command } from '../command.ts';
import { done, isoTime, moment, sentence, table } from '../report.ts';

export function keyCommands(parts: {
  maintenance: Pick<StoreMaintenance, 'keyUse'>;
  keyRotation: KeyRotation;
}): Command[] {
  const { maintenance, keyRotation } = parts;
  return [
    command({
      name: 'keys',
      summary: 'display the keys that messages are sealed under, and how much hangs on each',
      parameters: {},
      run: async () => {
        const keys = await maintenance.keyUse();
        const newest = keys.at(-1)?.version;
        const stateOf = (version: number, retiredAt: number | null): string => {
          if (version === newest) return 'seals';
          return retiredAt === null ? 'opens' : `retired ${moment(retiredAt)}`;
        };
        const rotating = keyRotation.isRunning;
        return done(
          {
            keys: keys.map(({ version, createdAt, retiredAt, messages }) => ({
              version,
              created: isoTime(createdAt),
              retired: isoTime(retiredAt),
              messages,
            })),
            rotating,
          },
          table(
            ['#version', 'made', 'state', '#messages'],
            keys.map(({ version, createdAt, retiredAt, messages }) => [
              version,
              moment(createdAt),
              stateOf(version, retiredAt),
              messages,
            ]),
          ),
          ...(rotating ? [sentence('Older messages are being sealed anew.', 'warning')] : []),
        );
      },
    }),
    command({
      name: 'keys rotate',
      summary: 'make a new key for messages, and seal the older ones anew in the background',
      parameters: {},
      run: async () => {
        const version = await keyRotation.rotate(consoleActor);
        return done(
          { version },
          sentence(`Key ${version} seals from now on; older messages follow in the background.`, 'good'),
        );
      },
    }),
  ];
}
