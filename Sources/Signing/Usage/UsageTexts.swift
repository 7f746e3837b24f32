import JSON
import Kernel

/// What is written of a use, whatever the moment and its place in the trail.
struct UsageTexts: Sendable {
    let actor: ActorTexts
    /// The event's data.
    let data: [UInt8]
    /// The line of the trail.
    let line: [UInt8]
    /// What other policies can be tried on.
    let request: String?

    init(_ record: UsageRecord, by actor: ActorTexts) {
        self.actor = actor
        data = record.data
        var w = JSONWriter(capacity: 512)
        record.writeLine(by: actor, to: &w)
        line = w.bytes
        request = record.replayable
    }
}

/// As the line of the trail.
extension UsageTexts: JSONWritable {
    func write(to w: inout JSONWriter) { w.raw(line) }
}
