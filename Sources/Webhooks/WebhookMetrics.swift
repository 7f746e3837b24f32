package import Kernel

/// The room's numbers; one for the process.
package struct WebhookMetrics: Sendable {
    let delivered: Counter
    let failed: Counter
    let dead: Counter
    let taken: Counter
    let duration: Histogram

    package init(_ metrics: Metrics) {
        let attempts = metrics.counters(
            "keybell_webhook_attempts_total", "Attempts to deliver, by how they ended.", label: ["outcome"])
        delivered = attempts.with("delivered")
        failed = attempts.with("failed")
        dead = metrics.counter("keybell_webhook_dead_letters_total", "Deliveries that ended as dead letters.")
        taken = metrics.counter(
            "keybell_webhook_polled_total",
            "Deliveries found by polling: retries, and what others left behind.")
        duration = metrics.histograms(
            "keybell_webhook_attempt_seconds", "How long an attempt took.", label: []
        ).with()
    }
}
