import Access
import EventLoop
import Kernel

/// Where a node keeps its journals: one file an absence, by its id.
///
/// `….journal` is not in the trail yet, `….merged` is, `….refused` was changed by somebody and is not.
package struct AwayFolder: Sendable {
    enum Fate: String { case journal, merged, refused }

    /// Kept of those that are in the trail; refused ones stay until a person takes them away.
    static let mergedAtMost = 32

    private let path: String

    /// - Parameter dataFolder: the node's own.
    package init(in dataFolder: String) { path = "\(dataFolder)/away" }

    /// Told at the start: whoever has no place for its journal will not go away when it must.
    func prepare() throws(SystemError) { try DurableFile.makeFolder(path) }

    func create(_ id: AwayJournalID) throws(SystemError) -> DurableFile {
        try DurableFile.makeFolder(path)
        return try DurableFile.create(file(id, .journal))
    }

    /// The oldest first.
    func journals(_ fate: Fate) -> [AwayJournalID] {
        DurableFile.names(in: path).compactMap { name in
            guard name.hasSuffix(".\(fate.rawValue)") else { return nil }
            return AwayJournalID(name.dropLast(fate.rawValue.count + 1))
        }
    }

    /// Nil while somebody writes to it.
    func take(_ id: AwayJournalID) throws(SystemError) -> DurableFile? {
        try DurableFile.take(file(id, .journal))
    }

    func mark(_ id: AwayJournalID, _ fate: Fate) throws(SystemError) {
        try DurableFile.move(file(id, .journal), to: file(id, fate))
        for old in journals(.merged).dropLast(Self.mergedAtMost) { DurableFile.remove(file(old, .merged)) }
    }

    private func file(_ id: AwayJournalID, _ fate: Fate) -> String { "\(path)/\(id).\(fate.rawValue)" }
}
