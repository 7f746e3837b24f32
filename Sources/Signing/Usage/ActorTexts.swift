import Access
import JSON
import Kernel

/// What is written of whoever uses a key. It is kept for their next use: a bot comes again and again.
final class ActorTexts: Sendable {
    let actor: Actor
    let principal: String?
    let accessToken: String?
    let address: String?
    private let json: [UInt8]

    init(_ actor: Actor) {
        self.actor = actor
        principal = actor.principal?.description
        accessToken = actor.accessToken?.description
        address = actor.address?.description
        var w = JSONWriter()
        actor.write(to: &w)
        json = w.bytes
    }
}

extension ActorTexts: JSONWritable {
    /// As `Actor` does.
    func write(to w: inout JSONWriter) { w.raw(json) }
}

/// The texts of those who came last.
struct ActorTextsKept {
    private static let capacity = 500

    private var known: RecentlyUsed<AccessTokenID, ActorTexts> = RecentlyUsed(capacity: capacity)

    mutating func texts(of actor: Actor) -> ActorTexts {
        guard let token = actor.accessToken else { return ActorTexts(actor) }
        if let known = known.use(token), known.actor == actor { return known }
        let texts = ActorTexts(actor)
        known.set(token, texts)
        return texts
    }
}
