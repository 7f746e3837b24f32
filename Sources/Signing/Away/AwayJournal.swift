import Access
import EventLoop
import JSON
import Kernel
import Synchronization

/// The record of a node that is cut off: a file, each line of which is on the disk before what it tells of
/// leaves. Written from all workers; everything that waits for the disk blocks, and belongs off the loops.
final class AwayJournal: Sendable {
    struct Broken: Error {}

    private struct Queue {
        var lines: [[UInt8]] = []
        var taken = 0
        var isClosed = false
    }

    private struct File {
        /// Nil once it is closed, or could not be written.
        var file: DurableFile?
        var chain: AwayChain
        /// How many entries are on the disk.
        var written = 0
    }

    let id: AwayJournalID
    private let queue = Mutex(Queue())
    private let file: Mutex<File>

    /// A new file with its first line, both on the disk.
    init(_ beginning: AwayBeginning, in folder: AwayFolder, _ chain: AwayChain) throws {
        id = beginning.journal
        file = Mutex(File(file: try folder.create(beginning.journal), chain: chain))
        try put(.began(beginning))
    }

    /// Adds an entry that need not be on the disk yet. False once it is closed.
    @discardableResult
    func add(_ entry: AwayEntry) -> Bool { number(entry) != nil }

    /// Adds an entry; when this returns, it is on the disk. Whoever comes while another one waits for the
    /// disk is written along with the next.
    func put(_ entry: AwayEntry) throws {
        guard let number = number(entry) else { throw Broken() }
        try flush(through: number)
    }

    /// What was added is on the disk when this returns: outcomes, which nobody waits for.
    func flush() throws { try flush(through: queue.withLock { $0.taken + $0.lines.count }) }

    /// Nothing is added any more.
    func close(_ ending: AwayEnding) throws {
        guard let number = number(.ended(ending), isLast: true) else { return }
        defer { file.withLock { $0.file = nil } }
        try flush(through: number)
    }

    private func number(_ entry: AwayEntry, isLast: Bool = false) -> Int? {
        var w = JSONWriter(capacity: 2_048)
        entry.write(to: &w)
        return queue.withLock { queue in
            guard !queue.isClosed else { return nil }
            queue.isClosed = isLast
            queue.lines.append(w.bytes)
            return queue.taken + queue.lines.count
        }
    }

    private func flush(through number: Int) throws {
        try file.withLock { state in
            guard state.written < number else { return }
            guard let file = state.file else { throw Broken() }
            let lines = queue.withLock { queue in
                defer { queue = Queue(taken: queue.taken + queue.lines.count, isClosed: queue.isClosed) }
                return queue.lines
            }
            do {
                try file.append(lines.flatMap { state.chain.line($0) })
                try file.sync()
                state.written += lines.count
            } catch {
                // What is on the disk now is not known: nothing is added behind it.
                state.file = nil
                throw error
            }
        }
    }
}
