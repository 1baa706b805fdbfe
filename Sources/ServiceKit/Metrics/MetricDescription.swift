/// What `/metrics` says about a metric, and how its histogram is cut.
package struct MetricDescription: Sendable {
    /// The name without the prefix `fluxo_`.
    package let name: String
    /// One line, shown as HELP.
    package let help: String
    /// Upper bounds of the buckets in the metric's base unit, ascending; used if it is a timer or a recorder.
    package let buckets: [Double]

    package init(_ name: String, help: String, buckets: [Double] = Self.seconds) {
        self.name = name
        self.help = help
        self.buckets = buckets
    }

    /// Half a millisecond to half a minute, for durations in seconds.
    package static let seconds: [Double] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    /// 1 to 8192, for numbers of rows or messages.
    package static let counts: [Double] = (0...13).map { Double(1 << $0) }
    /// 10 ms to a day, for ages in seconds.
    package static let ages: [Double] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 86_400]

    /// Every metric of the two services.
    package static let all: [MetricDescription] = [
        MetricDescription("http_requests_total", help: "Requests answered, by method, route template and status."),
        MetricDescription("http_request_duration_seconds", help: "Time from a request's head to its answer, but for asked waits."),
        MetricDescription("http_wait_duration_seconds", help: "Time that requests waited because they asked to (apos)."),
        MetricDescription("entries_registered_total", help: "Entries registered, each once, by channel."),
        MetricDescription("write_batch_rows", help: "Entries written by one statement.", buckets: counts),
        MetricDescription("outbox_pending", help: "Committed entries that the broker has not confirmed yet."),
        MetricDescription("outbox_oldest_age_seconds", help: "Age of the oldest entry that the broker has not confirmed."),
        MetricDescription("publish_total", help: "Messages published, by outcome."),
        MetricDescription("publish_confirm_duration_seconds", help: "Time from publishing a message to its confirmation."),
        MetricDescription("commands_total", help: "Commands taken from the queue, by outcome."),
        MetricDescription("command_replies_total", help: "Answers to commands, by whether anybody could have them."),
        MetricDescription("publisher_blocked", help: "1 while the broker has blocked the publisher, else 0."),
        MetricDescription("consume_batch_messages", help: "Messages applied by one statement.", buckets: counts),
        MetricDescription("consumer_applied_total", help: "Entries applied to the balances."),
        MetricDescription("consumer_applied_centavos_total", help: "Value of the entries applied to the balances, in centavos, by type."),
        MetricDescription("consumer_duplicates_total", help: "Messages recognised as already applied."),
        MetricDescription("consumer_dead_letters_total", help: "Messages moved to the dead-letter queue, by reason."),
        MetricDescription("apply_duration_seconds", help: "Time that one batch took in the database."),
        MetricDescription("entry_age_seconds", help: "Time from an entry's registration to its application.", buckets: ages),
        MetricDescription("tls_certificate_expiry_timestamp_seconds", help: "When the listener's certificate expires, in Unix time."),
        MetricDescription("pool_in_use", help: "Database connections in use."),
        MetricDescription("pool_size", help: "Database connections that may be in use."),
        MetricDescription("pool_wait_seconds", help: "Time waited for a database connection that came."),
        MetricDescription("pool_timeouts_total", help: "Uses of a pool that got no connection: none in time, or too many waited."),
    ]
}
