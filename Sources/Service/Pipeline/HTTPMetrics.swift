import HTTPServer
import Kernel

/// Counts and durations of requests, one series a route and outcome: both are closed sets.
struct HTTPMetrics: Sendable {
    private struct Series: Sendable {
        let outcomes: [Counter]
        let duration: Histogram
    }

    private static let outcomes = ["ok", "redirected", "client_error", "server_error"]
    private let routes: [Series]
    private let unmatched: Series

    /// - Parameter routes: the patterns of all operations, by their index in the router.
    init(_ families: HTTPMetricFamilies, routes: [String]) {
        let (requests, durations) = (families.requests, families.durations)
        func series(_ route: String) -> Series {
            Series(
                outcomes: Self.outcomes.map { requests.with(route, $0) }, duration: durations.with(route))
        }
        self.routes = routes.map(series)
        unmatched = series("unmatched")
    }

    func observe(route: Int?, status: HTTPStatus, nanoseconds: UInt64) {
        let series = route.map { routes[$0] } ?? unmatched
        let outcome = status.code >= 500 ? 3 : status.code >= 400 ? 2 : status.code >= 300 ? 1 : 0
        series.outcomes[outcome].add()
        series.duration.observe(nanoseconds: nanoseconds)
    }
}

/// Registered once a node; every worker counts into the same series.
struct HTTPMetricFamilies: Sendable {
    let requests: CounterFamily
    let durations: HistogramFamily

    init(_ metrics: Metrics) {
        requests = metrics.counters(
            "keybell_http_requests_total", "Requests answered.", label: ["route", "outcome"])
        durations = metrics.histograms(
            "keybell_http_request_seconds", "From a request's head to its answer.", label: ["route"])
    }
}
