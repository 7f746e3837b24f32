import Access

/// Uses that wait for the next batch. Cancels first: an exit never waits behind what opens. Among the others
/// every principal has its turn, so that one busy bot cannot keep the rest waiting.
struct UseQueue<Element> {
    /// More wait only while the database is slow; then it is better to say so.
    static var capacity: Int { 4_096 }

    private var cancels: [Element] = []
    private var lines: [PrincipalID?: [Element]] = [:]
    /// Whose turn it is, in order.
    private var turns: [PrincipalID?] = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// False when it is full.
    mutating func add(_ element: Element, of principal: PrincipalID?, isCancel: Bool) -> Bool {
        guard count < Self.capacity else { return false }
        count += 1
        if isCancel {
            cancels.append(element)
        } else {
            if lines[principal] == nil { turns.append(principal) }
            lines[principal, default: []].append(element)
        }
        return true
    }

    /// The next batch.
    mutating func take(_ most: Int) -> [Element] {
        var batch = Array(cancels.prefix(most))
        cancels.removeFirst(batch.count)
        while batch.count < most, !turns.isEmpty {
            let principal = turns.removeFirst()
            guard var line = lines.removeValue(forKey: principal), !line.isEmpty else { continue }
            batch.append(line.removeFirst())
            guard !line.isEmpty else { continue }
            lines[principal] = line
            turns.append(principal)
        }
        count -= batch.count
        return batch
    }
}
