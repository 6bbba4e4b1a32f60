import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkNewPassword, loadCommonPasswords } from '../../../src/core/names/password-rules.ts';
import { assertGrowsLinearly } from '../../support/growth.ts';

const alice = { username: 'Alice', email: 'al.smith@example.com' };

async function fine(password: string, about = alice): Promise<void> {
  assert.equal(await checkNewPassword(password, about), null, password);
}

async function refused(password: string, problem: RegExp, about = alice): Promise<void> {
  assert.match((await checkNewPassword(password, about)) ?? 'fine', problem, password);
}

describe('a new password', () => {
  test('has at least 10 characters, whatever they are', async () => {
    await fine('tree-mango');
    await refused('tree-mang', /10 characters/);
    await fine('żółć gęśla');
    await fine('🦊🐙🦋🐢🦉🐝🦀🐳🦔🐌');
    await refused('🦊🐙🦋🐢🦉🐝🦀🐳🦔', /10 characters/);
    await fine('\0\n\t "\'<>;\\%zebra');
  });

  test('has at most 1,024 bytes of UTF-8', async () => {
    const long = 'correct horse battery '.repeat(50);
    await fine(`${long.slice(0, 1022)}zq`);
    await refused(`${long.slice(0, 1023)}zq`, /1,024 bytes/);
    await refused(`${long.slice(0, 1022)}zé`, /1,024 bytes/);
    await refused('é'.repeat(250_000), /1,024 bytes/);
  });

  test('is well-formed', async () => {
    await refused('tree-mango\ud800', /well-formed/);
  });

  test('needs no kinds of characters', async () => {
    await fine('rain over the northern harbour');
    await fine('84620973155028');
  });

  test('is none of the common ones, in any case or width', async () => {
    for (const common of [
      '1234567890',
      'qwertyuiop',
      'QwertyUIOP',
      'ｑｗｅｒｔｙｕｉｏｐ',
      'password123',
      'basketball',
    ]) {
      await refused(common, /common/);
    }
  });

  test('is no common one with digits and signs behind it', async () => {
    for (const common of ['password2024!', 'Dragon12345', 'letmein!!!', 'monkey 7391!', 'liverpool!'])
      await refused(common, /common/);
    await fine('dragon82650173');
    await fine('2024!xkgvbqwrt');
  });

  test('is nothing common repeated', async () => {
    for (const common of ['aaaaaaaaaa', '1212121212', 'abcabcabcabc', 'qwertyqwerty', 'PasswordPassword']) {
      await refused(common, /common/);
    }
    await fine('grebe kolgrebe kol');
  });

  test('does not contain the username, the address or its local part', async () => {
    await refused('i am alice today', /username or the address/);
    await refused('xALICEx-xALICEx', /username or the address/);
    await refused('ａｌｉｃｅ and others', /username or the address/);
    await refused('my AL.SMITH@EXAMPLE.COM', /username or the address/);
    await refused('for-al.smith-only', /username or the address/);
    await refused('die straße nach', /username or the address/, { username: 'STRASSE', email: 'x@y' });
  });

  test('may contain a name that is shorter than 4 characters', async () => {
    await fine('bob and the harbour', { username: 'bob', email: 'bo@example.com' });
    await refused('bobo and the harbour', /username or the address/, {
      username: 'bobo',
      email: 'bo@example.com',
    });
  });

  test('is checked without a scan that grows with the square of its length', async () => {
    await loadCommonPasswords();
    for (const unit of ['1', 'a1', ' ', 'ﷺ'.repeat(2)]) {
      await assertGrowsLinearly(
        1024,
        (size) => checkNewPassword(`b${unit.repeat(size)}`.slice(0, size), alice),
        unit,
      );
    }
  });
});

test('the common passwords are loaded once', async () => {
  const [first, second] = await Promise.all([loadCommonPasswords(), loadCommonPasswords()]);
  assert.equal(first, second);
  assert.ok(first.size > 40_000);
});
