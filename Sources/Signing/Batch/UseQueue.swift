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

    /// In no order.
    var all: [Element] { cancels + lines.values.joined() }

    /// False when it is full.
    mutating func add(_ element: Element, of principal: PrincipalID?, isCancel: Bool) -> Bool {
        guard count < Self.capacity else { return false }
        count += 1
        if isCancel {
            cancels.append(element)
        } else {
            if Self.append(element, to: &lines[principal, default: []]) { turns.append(principal) }
        }
        return true
    }

    /// Whether it is the first there.
    private static func append(_ element: Element, to line: inout [Element]) -> Bool {
        line.append(element)
        return line.count == 1
    }

    /// The next batch.
    mutating func take(_ most: Int) -> [Element] {
        var batch = Array(cancels.prefix(most))
        cancels.removeFirst(batch.count)
        if turns.count == 1 { takeAll(of: turns[0], into: &batch, most) }
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

    /// The only line: nobody else's turn is between.
    private mutating func takeAll(of principal: PrincipalID?, into batch: inout [Element], _ most: Int) {
        guard var line = lines.removeValue(forKey: principal) else { return }
        let taken = line.prefix(most - batch.count)
        batch.append(contentsOf: taken)
        line.removeFirst(taken.count)
        if line.isEmpty { turns = [] } else { lines[principal] = line }
    }
}
