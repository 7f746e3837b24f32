import Synchronization

/// The numbers that Prometheus scrapes. Label values are closed sets fixed in code: no ids, names or symbols,
/// so the count of series is bounded by construction.
package final class Metrics: Sendable {
    private let families = Mutex<[any MetricFamily]>([])

    package init() {}

    /// A counter without labels.
    package func counter(_ name: String, _ help: String) -> Counter { counters(name, help, label: []).with() }

    package func counters(_ name: String, _ help: String, label names: [String]) -> CounterFamily {
        register(CounterFamily(name: name, help: help, labels: names, kind: "counter"))
    }

    /// A value that goes up and down.
    package func gauge(_ name: String, _ help: String) -> Counter {
        register(CounterFamily(name: name, help: help, labels: [], kind: "gauge")).with()
    }

    /// - Parameter bounds: upper bounds in seconds, ascending.
    package func histograms(
        _ name: String, _ help: String, label names: [String], bounds: [Double] = Histogram.latencyBounds
    ) -> HistogramFamily {
        register(HistogramFamily(name: name, help: help, labels: names, bounds: bounds))
    }

    /// A value that is asked for when it is scraped.
    package func computed(
        _ name: String, _ help: String, kind: String, _ value: @escaping @Sendable () -> Double
    ) {
        _ = register(ComputedFamily(name: name, help: help, kind: kind, value: value))
    }

    /// Values that are asked for when they are scraped, each with its labels' values.
    package func computed(
        _ name: String, _ help: String, kind: String, label names: [String],
        _ values: @escaping @Sendable () -> [(labels: [String], value: Double)]
    ) {
        _ = register(ComputedSeries(name: name, help: help, kind: kind, labels: names, values: values))
    }

    /// The exposition text, version 0.0.4.
    package func render() -> String {
        families.withLock { $0 }.map { $0.render() }.joined()
    }

    private func register<Family: MetricFamily>(_ family: Family) -> Family {
        families.withLock { $0.append(family) }
        return family
    }
}

private protocol MetricFamily: Sendable {
    func render() -> String
}

/// A number that many threads add to without a lock.
package final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    package func add(_ count: Int = 1) { value.wrappingAdd(count, ordering: .relaxed) }
    package func set(_ count: Int) { value.store(count, ordering: .relaxed) }
    package var current: Int { value.load(ordering: .relaxed) }
}

package final class CounterFamily: MetricFamily {
    private let name: String
    private let help: String
    private let labels: [String]
    private let kind: String
    private let series = Mutex<[[String]: Counter]>([:])

    init(name: String, help: String, labels: [String], kind: String) {
        (self.name, self.help, self.labels, self.kind) = (name, help, labels, kind)
    }

    /// The counter of these label values; keep it, the look-up takes a lock.
    package func with(_ values: String...) -> Counter {
        precondition(values.count == labels.count, "one value a label")
        return series.withLock { series in
            if let counter = series[values] { return counter }
            let counter = Counter()
            series[values] = counter
            return counter
        }
    }

    func render() -> String {
        let lines = series.withLock { $0 }.map { "\(name)\(labelText(labels, $0.key)) \($0.value.current)\n" }
        return header(name, help, kind) + lines.sorted().joined()
    }
}

/// Counts of durations by upper bound.
package final class Histogram: Sendable {
    package static let latencyBounds: [Double] = [
        0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    private struct State {
        var counts: [Int]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    package func observe(nanoseconds: UInt64) { observe(Double(nanoseconds) / 1e9) }

    package func observe(_ value: Double) {
        var index = 0
        while index < bounds.count, value > bounds[index] { index += 1 }
        state.withLock { state in
            state.counts[index] += 1
            state.sum += value
        }
    }

    func render(_ name: String, _ labels: [String], _ values: [String]) -> String {
        let state = state.withLock { $0 }
        var (text, total) = ("", 0)
        for (index, count) in state.counts.enumerated() {
            total += count
            let bound = index < bounds.count ? "\(bounds[index])" : "+Inf"
            text += "\(name)_bucket\(labelText(labels + ["le"], values + [bound])) \(total)\n"
        }
        let suffix = labelText(labels, values)
        return text + "\(name)_sum\(suffix) \(state.sum)\n\(name)_count\(suffix) \(total)\n"
    }
}

package final class HistogramFamily: MetricFamily {
    private let name: String
    private let help: String
    private let labels: [String]
    private let bounds: [Double]
    private let series = Mutex<[[String]: Histogram]>([:])

    init(name: String, help: String, labels: [String], bounds: [Double]) {
        (self.name, self.help, self.labels, self.bounds) = (name, help, labels, bounds)
    }

    package func with(_ values: String...) -> Histogram {
        precondition(values.count == labels.count, "one value a label")
        return series.withLock { series in
            if let histogram = series[values] { return histogram }
            let histogram = Histogram(bounds: bounds)
            series[values] = histogram
            return histogram
        }
    }

    func render() -> String {
        let series = series.withLock { $0 }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        return header(name, help, "histogram") + series.map { $0.value.render(name, labels, $0.key) }.joined()
    }
}

private final class ComputedFamily: MetricFamily {
    private let name: String
    private let help: String
    private let kind: String
    private let value: @Sendable () -> Double

    init(name: String, help: String, kind: String, value: @escaping @Sendable () -> Double) {
        (self.name, self.help, self.kind, self.value) = (name, help, kind, value)
    }

    func render() -> String { header(name, help, kind) + "\(name) \(value())\n" }
}

private final class ComputedSeries: MetricFamily {
    private let name: String
    private let help: String
    private let kind: String
    private let labels: [String]
    private let values: @Sendable () -> [(labels: [String], value: Double)]

    init(
        name: String, help: String, kind: String, labels: [String],
        values: @escaping @Sendable () -> [(labels: [String], value: Double)]
    ) {
        (self.name, self.help, self.kind, self.labels, self.values) = (name, help, kind, labels, values)
    }

    func render() -> String {
        header(name, help, kind)
            + values().map { "\(name)\(labelText(labels, $0.labels)) \($0.value)\n" }.sorted().joined()
    }
}

private func header(_ name: String, _ help: String, _ kind: String) -> String {
    "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
}

/// Label values are fixed in code and hold nothing that would need escaping.
private func labelText(_ names: [String], _ values: [String]) -> String {
    if names.isEmpty { return "" }
    return "{" + zip(names, values).map { "\($0)=\"\($1)\"" }.joined(separator: ",") + "}"
}
