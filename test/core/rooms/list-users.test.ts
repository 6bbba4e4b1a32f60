import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { WhoIsOnline } from '../../../src/core/live/who-is-online.ts';
import {
  type UserListingDependencies,
  type UserQuery,
  listUsers,
} from '../../../src/core/rooms/list-users.ts';
import type { UserRow } from '../../../src/core/store.ts';
import { callerOf } from '../../support/several-nodes.ts';

/** So many accounts, u0000 and so on, whose reads are answered at once, as those of SQLite are. */
class Accounts implements UserListingDependencies {
  readonly names: readonly string[];
  readonly online: WhoIsOnline;
  /** Rows read. */
  looked = 0;

  constructor(accounts: number, online: (at: number) => boolean) {
    this.names = Array.from({ length: accounts }, (_, at) => `u${String(at).padStart(4, '0')}`);
    const present = this.names.filter((_, at) => online(at));
    const ids = new Set(present);
    this.online = {
      among: async (userIds) => new Set(userIds.filter((id) => ids.has(id))),
      // In no order that means anything.
      some: async (limit) => present.toReversed().slice(0, limit),
      total: async () => present.length,
      countsIn: async () => new Map(),
    };
  }

  readonly read: UserListingDependencies['read'] = {
    users: {
      afterUsernameKey: async (after, limit) => {
        const rows = this.names.filter((name) => name > after).slice(0, limit);
        this.looked += rows.length;
        return rows.map((name) => ({ id: name, username: name, usernameKey: name }) as UserRow);
      },
      usernames: async (ids) => {
        this.looked += ids.length;
        return new Map(ids.map((id) => [id, id]));
      },
    },
  };

  page(online: UserQuery['online'], after = '', limit = 200) {
    return listUsers(this)(callerOf('me'), { online, after, limit });
  }

  /** The names of all pages, in the order in which they came. */
  async all(online: UserQuery['online'], limit: number): Promise<string[]> {
    const names: string[] = [];
    let after: string | null = '';
    while (after !== null) {
      const { users, next } = await this.page(online, after, limit);
      assert.ok(users.length <= limit);
      names.push(...users.map(({ username }) => username));
      after = next;
    }
    return names;
  }
}

describe('the list of users', () => {
  test('gives those online, or not, page by page and by name, few or many', async () => {
    for (const each of [1, 2, 7, 2_400]) {
      const isOnline = (at: number): boolean => at % each === 0;
      const accounts = new Accounts(5_000, isOnline);
      for (const limit of [3, 200]) {
        const expected = accounts.names.filter((_, at) => isOnline(at));
        if (limit === 200 || expected.length < 100)
          assert.deepEqual(await accounts.all(true, limit), expected);
      }
      const away = accounts.names.filter((_, at) => !isOnline(at));
      assert.deepEqual(await accounts.all(false, 200), away);
    }
    assert.equal((await new Accounts(500, () => false).all(null, 150)).length, 500);
  });

  test('of those online reads nobody else, so that one page is enough', async () => {
    const accounts = new Accounts(9_000, (at) => at === 3 || at === 8_999);
    assert.deepEqual(await accounts.page(true), {
      users: ['u0003', 'u8999'].map((name) => ({ id: name, username: name, online: true })),
      next: null,
    });
    assert.equal(accounts.looked, 2);
  });

  test('says that more follow exactly where more do', async () => {
    const accounts = new Accounts(10, (at) => at < 4);
    assert.equal((await accounts.page(true, '', 4)).next, null);
    assert.equal((await accounts.page(true, '', 3)).next, 'u0002');
    assert.equal((await accounts.page(true, 'U0002', 3)).users.length, 1);
    assert.deepEqual(await accounts.page(true, 'u0003'), { users: [], next: null });
  });

  test('looks at few for one page, and lets others have their turn meanwhile', async () => {
    const many = (at: number): boolean => at < 2_000;
    const cases = [
      { accounts: new Accounts(9_000, () => true), online: false },
      { accounts: new Accounts(9_000, (at) => at > 6_000), online: true },
      { accounts: new Accounts(9_000, many), online: true },
    ];
    for (const { accounts, online } of cases) {
      let turns = 0;
      let isOver = false;
      const others = (): void => {
        turns += 1;
        if (!isOver) setImmediate(others);
      };
      setImmediate(others);
      await accounts.page(online);
      isOver = true;
      assert.ok(accounts.looked <= 2_500, `${accounts.looked} looked at`);
      assert.ok(turns >= 7, `${turns} turns of others`);
    }
  });
});
