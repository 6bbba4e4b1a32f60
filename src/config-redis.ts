/** Where Redis is, as it was read. */
export interface ReadRedis {
  /** A URL for each host that was named, with the password. */
  readonly urls: readonly string[];
  /** Whether they are some of the servers of a Redis Cluster, which tells where the others are. */
  readonly isCluster: boolean;
}

/**
 * Reads `REDIS_URL`: one server, or with `?cluster=on` any of those of a cluster, with commas between them.
 *
 * @returns or what is wrong with it, without showing any of it: it may hold a password
 */
export function readRedis(text: string): ReadRedis | string {
  const form = /^(?<scheme>rediss?:\/\/)(?<user>[^/?#]*@)?(?<hosts>[^/?#]*)(?<path>[^?#]*)(?<rest>.*)$/s;
  const { scheme = '', user = '', hosts = '', path = '', rest = '' } = form.exec(text)?.groups ?? {};
  if (scheme === '') return 'is no redis:// or rediss:// URL';
  const named = hosts.split(',');
  if (named.some((host) => host === '' || host.startsWith(':'))) return 'names no host';
  const urls = named.map((host) => `${scheme}${user}${host}${path}`);
  if (!urls.every((url) => URL.canParse(url))) return 'is no redis:// or rediss:// URL';
  if (!/^\/?\d{0,4}$/.test(path)) return 'has a path that is no number of a database';
  if (rest !== '' && rest !== '?cluster=on' && rest !== '?cluster=off')
    return 'has something after the host and the number of the database that is not ?cluster=on';
  const isCluster = rest === '?cluster=on';
  if (!isCluster && urls.length > 1) return 'names several hosts, which only ?cluster=on makes sense of';
  if (isCluster && !/^\/?0?$/.test(path)) return 'has a number of a database, and a cluster has but one';
  return { urls, isCluster };
}
