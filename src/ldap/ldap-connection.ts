import { type Socket, connect, isIP } from 'node:net';
import { type ConnectionOptions, type TLSSocket, connect as connectTls } from 'node:tls';
import { Client } from 'ldapts';

export interface LdapServer {
  /** `ldap://` or `ldaps://`, with a port where it is not the usual one. */
  readonly url: string;
  /** Secures an `ldap://` connection before anything is said on it. */
  readonly startTls: boolean;
  /** PEM of what to trust; null: what Node trusts. */
  readonly ca: string | null;
}

/**
 * One connection to an LDAP server, for one question.
 *
 * The client would connect anew by itself where the server hangs up, and after StartTLS that would be in the clear, with
 * the password as the next thing said: so there is never a second connection.
 */
export class LdapConnection {
  readonly client: Client;
  private readonly server: LdapServer;
  private readonly sockets: Socket[] = [];
  private isConnected = false;

  constructor(server: LdapServer) {
    this.server = server;
    const isSecure = server.url.startsWith('ldaps:');
    this.client = new Client({
      url: server.url,
      // The client takes any such options for a wish for ldaps.
      ...(isSecure ? { tlsOptions: this.tlsOptions() } : {}),
      createConnection: ((port: number, host: string): Socket => {
        this.takeOnlyConnection();
        return this.hold(connect(port, host));
      }) as typeof connect,
      createSecureConnection: ((...given: SecureArguments): TLSSocket => {
        if (given.length === 1) return this.hold(connectTls(given[0]));
        this.takeOnlyConnection();
        const [port, host, options] = given;
        return this.hold(connectTls(port, host, options));
      }) as typeof connectTls,
    });
  }

  /** Makes it secure, where that is asked for. */
  async secure(): Promise<void> {
    if (this.server.startTls) await this.client.startTLS(this.tlsOptions());
  }

  /** Ends it, whatever is going on. */
  destroy(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private takeOnlyConnection(): void {
    if (this.isConnected) throw new Error('the LDAP server has hung up');
    this.isConnected = true;
  }

  private hold<Held extends Socket>(socket: Held): Held {
    this.sockets.push(socket);
    return socket;
  }

  private tlsOptions(): ConnectionOptions {
    const host = new URL(this.server.url).hostname.replaceAll(/[[\]]/g, '');
    const { ca } = this.server;
    return {
      minVersion: 'TLSv1.2',
      host,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === null ? {} : { ca }),
    };
  }
}

type SecureArguments =
  [options: ConnectionOptions] | [port: number, host: string, options: ConnectionOptions];
