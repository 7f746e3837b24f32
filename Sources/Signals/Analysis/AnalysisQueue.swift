/// Which series one worker analyses next. A series waits at most once and is in one pair of hands at a time;
/// what somebody waits for goes before a backlog.
struct AnalysisQueue {
    private var urgent: [Int] = []
    private var backlog: [Int] = []
    private(set) var waiting: Set<Int> = []
    private var current: Set<Int> = []

    /// Whether somebody waits for one of them.
    var isUrgent: Bool { !urgent.isEmpty }

    /// Whether something is to be done for it, or is being done.
    func holds(_ series: Int) -> Bool { waiting.contains(series) || current.contains(series) }

    mutating func add(_ series: Int, isUrgent: Bool) {
        guard waiting.insert(series).inserted else {
            if isUrgent, let place = backlog.firstIndex(of: series) {
                urgent.append(backlog.remove(at: place))
            }
            return
        }
        if isUrgent { urgent.append(series) } else { backlog.append(series) }
    }

    /// The next one that nobody is at. What changes of it from now on puts it into the queue again.
    mutating func take() -> (series: Int, isUrgent: Bool)? {
        if let series = Self.first(of: &urgent, besides: current) { return begin(series, isUrgent: true) }
        return Self.first(of: &backlog, besides: current).map { begin($0, isUrgent: false) }
    }

    private mutating func begin(_ series: Int, isUrgent: Bool) -> (series: Int, isUrgent: Bool) {
        waiting.remove(series)
        current.insert(series)
        return (series, isUrgent)
    }

    private static func first(of list: inout [Int], besides current: Set<Int>) -> Int? {
        list.firstIndex { !current.contains($0) }.map { list.remove(at: $0) }
    }

    mutating func release(_ series: Int) { current.remove(series) }
}
