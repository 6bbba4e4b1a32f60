import type { Registry } from 'prom-client';
import { collectedCounter, collectedGauge, collectedHistogram } from './collected.ts';
import type { MetricSources } from './sources.ts';

/** What goes on behind the requests: commits, queues, mail. */
export function registerWorkMetrics(registry: Registry, sources: MetricSources): void {
  const { writesOfCommit, queues, mail, mailsWaiting } = sources;
  collectedHistogram(
    registry,
    {
      name: 'letterlock_commit_writes',
      help: 'How many writes shared each commit; the count is that of commits, the sum that of writes.',
      labels: [],
    },
    () => [[{}, writesOfCommit]],
  );
  collectedGauge(
    registry,
    {
      name: 'letterlock_queue_running',
      help: 'Tasks under way: writes, decryptions, password hashes.',
      labels: ['queue'],
    },
    () => Object.entries(queues).map(([queue, depth]) => [{ queue }, depth().running]),
  );
  collectedGauge(
    registry,
    {
      name: 'letterlock_queue_waiting',
      help: 'Tasks that wait for their turn: writes, decryptions, password hashes, mails.',
      labels: ['queue'],
    },
    async () => [
      ...Object.entries(queues).map(([queue, depth]) => [{ queue }, depth().waiting] as const),
      [{ queue: 'mail' }, await mailsWaiting()],
    ],
  );
  collectedCounter(
    registry,
    {
      name: 'letterlock_mail_attempts_total',
      help: 'Attempts to send a mail by what came of them: accepted, postponed, given_up.',
      labels: ['result'],
    },
    () => [
      [{ result: 'accepted' }, mail.accepted],
      [{ result: 'postponed' }, mail.postponed],
      [{ result: 'given_up' }, mail.givenUp],
    ],
  );
}
