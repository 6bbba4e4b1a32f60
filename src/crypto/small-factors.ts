/** Odd primes below 512, in groups whose products fit into 48 bits. */
const groups = groupsOf(primesBelow(512));
/** The product of all of them: one division of the big number leaves a small one for all the rest. */
const product = groups.reduce((all, group) => all * BigInt(group.product), 1n);

/** Whether a number, big-endian, is divisible by an odd prime below 512. */
export function hasSmallFactor(bytes: Buffer): boolean {
  const rest = BigInt(`0x${bytes.toString('hex')}`) % product;
  return groups.some((group) => {
    const small = Number(rest % BigInt(group.product));
    return group.primes.some((prime) => small % prime === 0);
  });
}

interface Group {
  readonly primes: number[];
  product: number;
}

function groupsOf(primes: readonly number[]): Group[] {
  const groups: Group[] = [];
  for (const prime of primes) {
    const last = groups.at(-1);
    if (last !== undefined && last.product * prime < 2 ** 48) {
      last.primes.push(prime);
      last.product *= prime;
    } else {
      groups.push({ primes: [prime], product: prime });
    }
  }
  return groups;
}

function primesBelow(limit: number): number[] {
  const primes: number[] = [];
  for (let candidate = 3; candidate < limit; candidate += 2) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes;
}
