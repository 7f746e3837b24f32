import JSON
import Testing

@testable import Webhooks

struct MessageTemplateTests {
    private let alert: JSONValue = [
        "type": "alert.firing", "timestamp": "2026-01-05T08:00:00.000Z",
        "data": ["summary": #"a "quoted" name"#, "count": 3, "labels": ["team": "desk"], "sequence": 7],
    ]

    private func render(_ template: JSONValue) throws -> String {
        String(decoding: try MessageTemplate(template).render(alert), as: UTF8.self)
    }

    @Test func `a string that is one placeholder becomes its value, within text it is text`() throws {
        let template: JSONValue = [
            "n": "{{data.count}}", "all": "{{data.labels}}",
            "text": "{{data.count}} of {{type}}: {{ data.summary }}",
            "fixed": [true, .null, 1],
        ]
        #expect(
            try render(template)
                == #"{"n":3,"all":{"team":"desk"},"text":"3 of alert.firing: a \"quoted\" name","#
                + #""fixed":[true,null,1]}"#)
    }

    @Test func `no name in a message breaks out of the JSON around it`() throws {
        let text = try render(["text": "x{{data.summary}}"])
        #expect(try JSONValue.parse(text)["text"]?.asString == #"xa "quoted" name"#)
    }

    @Test func `a template that is only a string gives plain text`() throws {
        #expect(try render("{{data.summary}} ({{data.count}})") == #"a "quoted" name (3)"#)
        #expect(try MessageTemplate("a").contentType == "text/plain; charset=utf-8")
        #expect(try MessageTemplate(["a": 1]).contentType == "application/json")
        #expect(try render("{{data.count}}") == "3")
        #expect(try render("plain }} text") == "plain }} text")
    }

    @Test func `what a message does not have gives null, or nothing within a text`() throws {
        #expect(
            try render(["a": "{{data.nothing}}", "b": "<{{data.nothing.more}}>"]) == #"{"a":null,"b":"<>"}"#)
    }

    @Test(arguments: ["{{data.count", "{{}}", "{{data.}}", "{{other.thing}}", "{{1 + }}", "{{'a' + 1}}"])
    func `a mistake in a placeholder is told with its place`(text: String) {
        let mistake = #expect(throws: MessageTemplate.Mistake.self) { try MessageTemplate([.string(text)]) }
        #expect(mistake?.message.contains("{{") == true, "\(String(describing: mistake))")
    }

    @Test func `what fails on every sample is refused, what holds on one is not`() throws {
        let samples = SampleMessage.all(of: ["alert.*", "key.revoked"], .full)
        #expect(try MessageTemplate("{{data.summary}}").mistake(on: samples) == nil)
        #expect(try MessageTemplate("{{data.key_id}}").mistake(on: samples) == nil)
        let mistake = try MessageTemplate(["a": "{{data.sumary}}"]).mistake(on: samples)
        #expect(mistake?.message.contains("{{data.sumary}}") == true)
    }

    @Test(arguments: [
        "{{data.more}}", "{{data.rules}}", "{{data.resolved}}", "{{data.alerts[0].summary}}",
        "{{data.note}}", "{{data.quiet_for}}", "{{data.text}}", "{{data.next_at}}", "{{data.webhook_id}}",
    ])
    func `what goes to a webhook beside the types that it takes may be named`(placeholder: String) throws {
        let template = try MessageTemplate(["a": .string(placeholder)])
        for types in [["alert.*"], ["alert.firing"], ["key.revoked"]] {
            #expect(template.mistake(on: SampleMessage.all(of: types, .full)) == nil)
            #expect(template.mistake(on: SampleMessage.all(of: types, .thin)) != nil)
        }
    }

    @Test(arguments: [
        ("{{data.rule.nme}}", "nme"), ("{{data.alerts[0].sumary}}", "sumary"),
        ("{{data.rule.name.first}}", "string has no first"),
    ])
    func `why a placeholder fails is told of the sample on which it came furthest`(
        placeholder: String, word: String
    ) throws {
        let samples = SampleMessage.all(of: ["alert.*", "key.revoked"], .full)
        let mistake = try MessageTemplate(["a": .string(placeholder)]).mistake(on: samples)
        #expect(mistake?.message.hasSuffix(word) == true, "\(mistake?.message ?? "")")
    }

    @Test(arguments: [
        ("{{data.balance}}", true, false), ("{{data.book.bids[0]}}", true, false),
        ("{{data.event.balance}}", true, true), ("{{data.labels.desk}}", true, true),
        ("{{data.group['event.asset']}}", true, true), ("{{data.subject.size()}}", true, true),
        ("{{data.event_id + 1}}", false, false),
    ])
    func `what an own event may hold needs no sample, and what nobody may hold is refused`(
        placeholder: String, own: Bool, alerts: Bool
    ) throws {
        let template = try MessageTemplate(["b": .string(placeholder)])
        func isTaken(_ types: String...) -> Bool {
            template.mistake(on: SampleMessage.all(of: types, .full)) == nil
        }
        #expect(isTaken("custom.balance.low") == own && isTaken("key.*", "custom.*") == own)
        #expect(isTaken("alert.*") == alerts)
        let thin = template.mistake(on: SampleMessage.all(of: ["custom.*"], .thin)) == nil
        #expect(thin == placeholder.contains("subject"))
    }

    @Test func `placeholders share what a message may cost`() throws {
        let list = "[" + Array(repeating: "0", count: 40).joined(separator: ",") + "]"
        let dear = "{{\(list).all(a, \(list).all(b, true))}}"
        let samples = SampleMessage.all(of: ["alert.*"], .full)
        #expect(try MessageTemplate(["a": .string(dear)]).mistake(on: samples) == nil)
        let many = try MessageTemplate(.array(Array(repeating: .string(dear), count: 50)))
        #expect(many.mistake(on: samples)?.message.contains("costs more") == true)
    }

    @Test func `size and number of placeholders are bounded`() {
        let long = JSONValue.string(String(repeating: "x", count: MessageTemplate.limitBytes))
        #expect(throws: MessageTemplate.Mistake.self) { try MessageTemplate(long) }
        let many = JSONValue.array(
            Array(repeating: "{{type}}", count: MessageTemplate.placeholdersAtMost + 1))
        #expect(throws: MessageTemplate.Mistake.self) { try MessageTemplate(many) }
    }
}
