import { hostname } from 'node:os';
import type { Config } from './config.ts';

/** Where links in mails lead, as far as the configuration says so. */
export class LinkBase {
  private base: string;

  constructor(config: Pick<Config, 'resetUrl' | 'publicUrl' | 'gateways'>) {
    this.base = config.resetUrl ?? derivedBase(config);
  }

  /** A port that the system picked is known only when it was. */
  listensAt(url: string): void {
    if (this.base.endsWith(':0')) this.base = url;
  }

  /** Without a slash at its end. */
  readonly get = (): string => this.base;
}

/** The listener's own address; one that means every address stands for the name of this machine. */
function derivedBase({ gateways, publicUrl }: Pick<Config, 'publicUrl' | 'gateways'>): string {
  const { reset } = gateways;
  if (reset === null) return '';
  const isEvery = reset.host === '0.0.0.0' || reset.host === '::';
  const host = isEvery ? (publicUrl === null ? hostname() : new URL(publicUrl).hostname) : reset.host;
  const written = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return `http${reset.secure ? 's' : ''}://${written}:${reset.port}`;
}
