import Edge
package import Observability
import Postgres
import ServiceRuntime

extension ConsolidadoApp {
    package static let metrics: [MetricDescription] =
        EdgeMetrics.descriptions + PostgresClient.metrics + StallWatchdog.metrics + [
            .histogram("consume_batch_messages", "Messages applied by one statement.", buckets: MetricDescription.counts),
            .counter("consumer_applied_total", "Entries applied to the balances."),
            .counter("consumer_applied_centavos_total", "Value of the entries applied to the balances, in centavos, by type."),
            .counter("consumer_duplicates_total", "Messages recognised as already applied."),
            .counter("consumer_suspects_total", "Messages handled alone, because they were delivered 20 times or more before."),
            .gauge("consumer_set_aside_messages", "Messages received of accounts that cannot be changed now."),
            .counter("consumer_dead_letters_total", "Messages moved to the dead-letter queue, by reason."),
            .histogram("apply_duration_seconds", "Time that one batch took in the database."),
            .histogram("entry_age_seconds", "Time from an entry's registration to its application.", buckets: MetricDescription.ages),
            .counter("publish_total", "Messages published, by outcome."),
            .gauge(
                "reconciliation_difference_entries", "Entries registered less entries applied, of those registered more than 5 minutes ago."
            ),
            .gauge("reconciliation_age_seconds", "Age of the newest registered entries that were compared with the applied ones."),
            .gauge("event_streams", "Readers of the stream of events."),
            .counter("event_stream_lost_total", "How often changes may be missing from a reader's stream of events."),
            .gauge("event_feed_connected", "1 while the changes arrive from the broker, or no reader of events wants them; else 0."),
        ]
}
