import JSON

/// A flat object, for whatever takes a small JSON body and knows no Standard Webhooks.
enum FlatBody {
    static func request(_ notice: Notice) -> ChannelRequest {
        var w = JSONWriter(capacity: 1_024)
        w.object { w in
            w.field("id", notice.id)
            w.field("type", notice.type)
            w.field("time", notice.time)
            w.field("title", notice.headline)
            w.field("text", notice.text)
            w.field("severity", notice.severity?.rawValue)
            w.field("link", notice.link)
            w.object("facts") { w in
                for fact in notice.facts { w.field(fact.name, fact.value) }
            }
            w.field("data", notice.data)
        }
        return ChannelRequest(body: w.bytes)
    }
}
