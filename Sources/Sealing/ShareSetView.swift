import Crypto
import JSON

/// A set of shares as answers show it.
struct ShareSetView: JSONWritable {
    private let set: ShareSet
    private let state: String

    init(_ set: ShareSet, _ state: String) { (self.set, self.state) = (set, state) }

    func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("id", set.id.description)
            w.field("state", state)
            w.field("threshold", set.quorum.threshold)
            w.field("shares", set.quorum.count)
            w.field("root_key_fingerprint", set.rootFingerprint)
        }
    }
}
