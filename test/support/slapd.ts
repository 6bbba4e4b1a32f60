import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSelfSignedCertificate } from '../../src/crypto/certificate.ts';
import { missing } from './required-services.ts';

/** Below which the people of a test directory are. */
export const baseDn = 'ou=people,dc=example,dc=org';

const programs = ['/usr/sbin/slapd', '/usr/local/sbin/slapd', '/usr/lib/openldap/slapd'];
const program = programs.find((each) => existsSync(each));

/** Why tests with a real OpenLDAP are skipped; false where it is there. */
export const withoutSlapd = program === undefined ? missing('slapd is not installed') : false;

/** A real OpenLDAP on loopback, with a certificate of its own. */
export interface Slapd {
  readonly plainUrl: string;
  readonly tlsUrl: string;
  /** PEM of what to trust. */
  readonly caFile: string;
  /** Stops it; `start` starts it again on the same ports and data. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Runs one of OpenLDAP's own tools against it, as its manager. */
  manage(tool: string, ldif: string): void;
  /** Stops it and removes everything. */
  end(): Promise<void>;
}

/** People in the directory: uid -> password. */
export type People = Readonly<Record<string, string>>;

const manager = { dn: 'cn=manager,dc=example,dc=org', password: 'manager' };

/** Starts one with these people. */
export async function startSlapd(people: People): Promise<Slapd> {
  const folder = mkdtempSync(path.join(tmpdir(), 'letterlock-slapd-'));
  mkdirSync(path.join(folder, 'data'));
  const certificate = await createSelfSignedCertificate({
    names: ['localhost'],
    addresses: ['127.0.0.1'],
    now: Date.now(),
    years: 1,
  });
  const file = (name: string, text: string): string => {
    const place = path.join(folder, name);
    writeFileSync(place, text, { mode: 0o600 });
    return place;
  };
  const caFile = file('server.crt', certificate.certificatePem);
  const keyFile = file('server.key', certificate.keyPem);
  const configuration = file(
    'slapd.conf',
    [
      'include /etc/ldap/schema/core.schema',
      'include /etc/ldap/schema/cosine.schema',
      'include /etc/ldap/schema/inetorgperson.schema',
      // As careless as some are: whoever gives no password is somebody.
      'allow bind_anon_cred bind_anon_dn',
      `pidfile ${folder}/slapd.pid`,
      'modulepath /usr/lib/ldap',
      'moduleload back_mdb.la',
      `TLSCertificateFile ${caFile}`,
      `TLSCertificateKeyFile ${keyFile}`,
      'TLSVerifyClient never',
      'database mdb',
      'suffix "dc=example,dc=org"',
      `directory ${folder}/data`,
      'maxsize 10485760',
      `rootdn "${manager.dn}"`,
      `rootpw ${manager.password}`,
      'access to attrs=userPassword by anonymous auth by * none',
      'access to * by * read',
      '',
    ].join('\n'),
  );
  const entries = [
    'dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example',
    `dn: ${baseDn}\nobjectClass: organizationalUnit\nou: people`,
    ...Object.entries(people).map(([uid, password]) => personEntry(uid, password)),
  ];
  run(path.join(path.dirname(program ?? ''), 'slapadd'), ['-f', configuration], `${entries.join('\n\n')}\n`);
  const [plainPort, tlsPort] = [await freePort(), await freePort()];
  const plainUrl = `ldap://localhost:${plainPort}`;
  const tlsUrl = `ldaps://localhost:${tlsPort}`;
  let child: ChildProcess | null = null;
  const stop = async (): Promise<void> => {
    if (child === null || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
    child = null;
  };
  const start = async (): Promise<void> => {
    const urls = `ldap://127.0.0.1:${plainPort} ldaps://127.0.0.1:${tlsPort}`;
    // With `-d` it stays in the foreground.
    child = spawn(program ?? '', ['-f', configuration, '-h', urls, '-d', '0'], { stdio: 'ignore' });
    for (const port of [plainPort, tlsPort]) await reachable(port, child);
  };
  await start();
  return {
    plainUrl,
    tlsUrl,
    caFile,
    stop,
    start,
    manage: (tool, ldif) => {
      run(
        tool,
        ['-x', '-H', `ldap://127.0.0.1:${plainPort}`, '-D', manager.dn, '-w', manager.password],
        ldif,
      );
    },
    end: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The LDIF of a person. */
export function personEntry(uid: string, password: string, ...more: string[]): string {
  return [
    `dn: uid=${uid},${baseDn}`,
    'objectClass: inetOrgPerson',
    `uid: ${uid}`,
    `cn: ${uid}`,
    `sn: ${uid}`,
    `userPassword: ${password}`,
    ...more,
  ].join('\n');
}

/** The LDIF that gives somebody another password. */
export function passwordChange(uid: string, password: string): string {
  return [
    `dn: uid=${uid},${baseDn}`,
    'changetype: modify',
    'replace: userPassword',
    `userPassword: ${password}`,
    '',
  ].join('\n');
}

function run(tool: string, given: string[], input: string): void {
  const { status, stderr, error } = spawnSync(tool, given, { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${tool}: ${error?.message ?? stderr}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function reachable(port: number, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => socket.destroy());
      socket.once('connect', () => socket.end());
    });
    if (isOpen) return;
    if (child.exitCode !== null || Date.now() > deadline) throw new Error('slapd does not listen');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
