import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// Chat, paging and mail, from an event to a maker that enforces what it documents.
    @Suite struct ChannelTests {
        /// A name as an attacker would choose it, for each notation at once.
        static let name = "<!channel> @everyone </code><a href=x> *b* [c](https://evil.example)\r\nBcc: d"

        @Test func `an alert reaches every channel, a flood becomes a digest, and nothing is lost`()
            async throws
        {
            try await StandInChannels.with { standIn in
                try await RunningNode.with(.scratch(), ["KEYBELL_PRIVATE_WEBHOOKS": "true"]) { node in
                    try await node.bootstrap()
                    let desk = ChannelDesk(node: node, standIn: standIn)
                    try await desk.makeAll()
                    try await desk.fireAndResolve()
                    try await desk.checkFirst()
                    try await desk.flood(60)
                    try await desk.refuse()
                }
            }
        }

        @Test func `what is secret is shown nowhere and goes to no other address`() async throws {
            try await RunningNode.with(.scratch(), ["KEYBELL_PRIVATE_WEBHOOKS": "true"]) { node in
                try await node.bootstrap()
                let slack = try await node.must(
                    "POST", "/v1/webhooks",
                    [
                        "name": "chat", "kind": "slack",
                        "url": "https://hooks.slack.example/services/T/B/sesame",
                    ])
                #expect(slack["url"]?.asString == "https://hooks.slack.example/")
                #expect(slack["channel"]?["secrets"]?.asArray == ["url"])
                let page = try await node.must(
                    "POST", "/v1/webhooks",
                    [
                        "name": "page", "kind": "pagerduty",
                        "channel": ["routing_key": "0123456789abcdef0123456789abcdef"],
                    ])
                #expect(page["url"]?.asString == "https://events.pagerduty.com/v2/enqueue")
                let list = try await node.call("GET", "/v1/webhooks")
                #expect(!list.text.contains("sesame") && !list.text.contains("0123456789abcdef"))

                let path = "/v1/webhooks/\(page.id)"
                let moved = try await node.call(
                    "PATCH", path, ["url": "https://evil.example/"],
                    headers: [(name: "if-match", value: "\"1\"")])
                #expect(moved.status == 422 && moved.text.contains("/channel/routing_key"))
                for wrong: JSONValue in [
                    ["name": "a", "kind": "telegram", "channel": ["chat_id": "7"]],
                    [
                        "name": "a", "kind": "telegram",
                        "channel": ["chat_id": "0", "token": "1:abcdefghijk"],
                    ],
                    ["name": "a", "kind": "slack", "url": "https://x.example/", "channel": ["chat_id": "7"]],
                    ["name": "a", "kind": "email", "url": "https://x.example/"],
                    [
                        "name": "a", "kind": "email", "url": "smtps://mail.example",
                        "channel": ["from": "a@b", "to": ["x@y\r\nBcc: z@y"]],
                    ],
                    ["name": "a", "kind": "slack"],
                    ["name": "a", "kind": "slack", "url": "https://x.example/", "batch": true],
                ] {
                    let answer = try await node.call("POST", "/v1/webhooks", wrong)
                    #expect(answer.status == 422, "\(answer.text)")
                }
            }
        }
    }
}

/// A desk with one webhook of each kind.
private struct ChannelDesk {
    let node: RunningNode
    let standIn: StandInChannels

    static let people = ["slack", "discord", "telegram", "teams"]
    static let programs = ["pagerduty", "json", "cloudevents"]

    func makeAll() async throws {
        try await make("slack", "/services/T0/B0/open-sesame")
        try await make("discord", "/api/webhooks/1/open-sesame")
        try await make(
            "telegram", "",
            channel: ["chat_id": "-1007", "token": "123456:open-sesame-open-sesame"])
        try await make(
            "pagerduty", "/v2/enqueue", takes: ["alert.*"],
            channel: ["routing_key": "0123456789abcdef0123456789abcdef"])
        try await make("teams", "/workflows/open-sesame")
        try await make("json", "/json")
        try await make("cloudevents", "/cloudevents", channel: ["mode": "binary"])
        let mail: JSONValue = [
            "from": "keybell@desk.example", "to": ["trader@desk.example"], "user": "keybell",
            "password": "correct horse", "authority": .string(standIn.authority),
        ]
        _ = try await node.must(
            "POST", "/v1/webhooks",
            [
                "name": "email", "kind": "email", "event_types": ["custom.flood", "alert.*"], "channel": mail,
                "url": .string("smtp://127.0.0.1:\(standIn.port("smtp"))"),
            ])
    }

    private func make(
        _ kind: String, _ path: String, takes: JSONValue = ["custom.flood", "alert.*"],
        channel: JSONValue = .null
    ) async throws {
        _ = try await node.must(
            "POST", "/v1/webhooks",
            [
                "name": .string(kind), "kind": .string(kind), "url": .string(standIn.url(path)),
                "event_types": takes, "channel": channel,
            ])
    }

    /// An alert whose rule has a hostile name.
    func fireAndResolve() async throws {
        let name = IntegrationTests.ChannelTests.name.filter { !$0.isNewline }
        let rule = try await node.must(
            "POST", "/v1/alert-rules",
            ["name": .string(name), "severity": "critical", "on": ["custom.breach"]])
        try await node.must("POST", "/v1/alert-rules/\(rule.id)/enable", [:])
        let word = JSONValue.string(IntegrationTests.ChannelTests.name)
        try await node.must("POST", "/v1/events", ["type": "custom.breach", "data": ["word": word]])
        for maker in Self.people + Self.programs {
            _ = try await eventually("an alert at \(maker)") { try await arrival(at: maker) }
        }
        _ = try await eventually("a mail") { try await standIn.mails().first }
        let alert = try #require(try await node.must("GET", "/v1/alerts")["data"]?[0])
        try await node.must("POST", "/v1/alerts/\(alert.id)/resolve", [:])
        _ = try await eventually("PagerDuty's resolution") {
            try await standIn.accepted("pagerduty").first { $0["event_action"]?.asString == "resolve" }
        }
    }

    private func arrival(at maker: String) async throws -> JSONValue? {
        let refused = try await standIn.entries(maker).filter {
            !["accepted", "rate", "scripted"].contains($0["verdict"]?.asString)
        }
        if let first = refused.first { throw Impatience("\(maker) refused: \(first)") }
        return try await standIn.accepted(maker).first
    }

    func checkFirst() async throws {
        let triggers = try await standIn.accepted("pagerduty")
        #expect(triggers.first?["event_action"]?.asString == "trigger")
        #expect(Set(triggers.compactMap { $0["dedup_key"]?.asString }).count == 1)
        let mail = try #require(try await standIn.mails().first)
        #expect(mail["defects"]?.asArray == [])
        #expect(mail["headers"]?["bcc"] == nil)
        #expect(mail["headers"]?["auto-submitted"]?.asString == "auto-generated")
        #expect(mail["headers"]?["subject"]?.asString?.hasPrefix("CRITICAL: <!channel> @everyone") == true)
        #expect(mail["text"]?.asString?.contains("/alerts#alrt_") == true, "\(mail)")
    }

    /// In one transaction, so that all of it waits at once.
    func flood(_ count: Int) async throws {
        let events = (0..<count).map { number -> JSONValue in
            ["type": "custom.flood", "data": ["n": .number(JSONNumber(number))]]
        }
        try await node.must("POST", "/v1/events", ["events": .array(events)])
        try await wait(until: "nothing waits") {
            for state in ["pending", "sending"] {
                let rows = try await node.must("GET", "/v1/deliveries?state=\(state)")["data"]?.asArray ?? []
                if !rows.isEmpty { return false }
            }
            return true
        }
        #expect(try await node.must("GET", "/v1/dead-letters")["data"]?.asArray == [])
        for maker in Self.people {
            let told = try await standIn.accepted(maker)
            #expect(told.count < count / 4, "\(maker) was told \(told.count) times")
            #expect(told.contains { String(decoding: $0.bytes, as: UTF8.self).contains(" messages in one") })
        }
        #expect(try await standIn.accepted("json").count >= count)
        let mails = try await standIn.mails()
        #expect(mails.contains { $0["headers"]?["subject"]?.asString?.contains("messages in one") == true })
    }

    /// Discord throttles once, Slack has no such webhook any more.
    func refuse() async throws {
        try await standIn.behave(
            "discord", status: 429, body: #"{"message":"slow","retry_after":0.3,"global":false}"#)
        try await standIn.behave("slack", status: 404, body: "no_service", times: 100)
        let few = JSONValue.array(Array(repeating: ["type": "custom.flood", "data": [:]], count: 5))
        try await node.must("POST", "/v1/events", ["events": few])
        let throttled = try await eventually("Discord's message waits") {
            let waiting = try await node.must("GET", "/v1/deliveries?state=pending")["data"]?.asArray ?? []
            return waiting.first { $0["last_error"]?.asString == "throttled" }
        }
        #expect(throttled["last_status"]?.asInt == 429 && throttled["next_attempt_at"]?.asString != nil)
        let slack = try await eventually("Slack's webhook is disabled") { () -> JSONValue? in
            let found = try await node.must("GET", "/v1/webhooks?status=disabled")["data"]?[0]
            return found
        }
        #expect(slack["kind"]?.asString == "slack")
        #expect(slack["status_reason"]?.asString == "The channel refuses: no_service")
        // What waited for it waits on, untried.
        let path = "/v1/deliveries?state=pending&webhook_id=\(slack.id)"
        try await wait(until: "nothing is held for it") {
            try await node.must("GET", path)["data"]?.asArray?.count == 5
        }
        let waiting = try await node.must("GET", path)["data"]?.asArray ?? []
        #expect(waiting.contains { $0["attempt_count"]?.asInt == 0 })
        let told = try await node.told("endpoint.disabled").first
        #expect(told?["data"]?["reason"]?.asString == "rejected", "\(String(describing: told))")
    }
}
