import Edge
package import Observability
import Postgres
import ServiceRuntime

extension LancamentosApp {
    package static let metrics: [MetricDescription] =
        EdgeMetrics.descriptions + PostgresClient.metrics + StallWatchdog.metrics + [
            .counter("entries_registered_total", "Entries registered, each once, by channel."),
            .histogram("write_batch_rows", "Entries written by one statement.", buckets: MetricDescription.counts),
            .gauge("outbox_pending", "Committed entries that the broker has not confirmed yet; from 100,000 on an estimate."),
            .gauge("outbox_oldest_age_seconds", "Age of the oldest entry that the broker has not confirmed."),
            .counter("publish_total", "Messages published, by outcome."),
            .histogram("publish_confirm_duration_seconds", "Time from publishing a message to its confirmation."),
            .gauge("publisher_blocked", "1 while the broker has blocked the publisher, else 0."),
            .counter("commands_total", "Commands received from the queue, by outcome."),
            .counter("command_replies_total", "Answers to commands, by outcome."),
            .counter("consumer_dead_letters_total", "Messages moved to the dead-letter queue, by reason."),
        ]
}
