/// When the server plans a prepared statement (its setting `plan_cache_mode`).
public enum StatementPlans: String, Sendable {
    /// The server compares the costs that it estimates for the two below. It takes an array parameter of unknown length for ten elements, so
    /// statements over short arrays are planned again each time, which can take longer than running them.
    case automatic = "auto"
    /// For each run, for its parameters: for reads whose best plan depends on them.
    case eachRun = "force_custom_plan"
    /// Once for all parameters (and anew when statistics or tables change): for statements that look everything up by key. Reading whole tables
    /// is ruled out where there is another way: a plan that was made for a small table stays when it has grown.
    case once = "force_generic_plan"

    /// The server's settings that make it so.
    var settings: [String] {
        let mode = "plan_cache_mode=\(self.rawValue)"
        return self == .once ? [mode, "enable_seqscan=off"] : [mode]
    }
}
