/// How many shares a secret is cut into, and how many of them give it back.
package struct Quorum: Sendable, Hashable {
    /// One share of one, or a threshold of one, would be the key itself under a harmless name: for that there
    /// is the root key's own text. More than 16 keepers nobody can find in an emergency.
    package static let bounds = 2...16

    package let threshold: Int
    package let count: Int

    /// Nil unless 2 ≤ threshold ≤ count ≤ 16.
    package init?(threshold: Int, count: Int) {
        guard Self.bounds.contains(threshold), Self.bounds.contains(count), threshold <= count else {
            return nil
        }
        self.threshold = threshold
        self.count = count
    }
}

extension Quorum: CustomStringConvertible {
    package var description: String { "\(threshold) of \(count)" }
}
