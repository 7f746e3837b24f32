import Access
import Events
import JSON
import Testing

/// The tables of `components.x-event-types` and the ones in Sources/Events are the same.
struct EventFieldsTests {
    @Test func `event types, their permissions and security marks are those of the contract`() throws {
        let contract = try Contract.read()
        let listed = contract.names(of: "x-event-types").filter { $0 != "custom.*" }
        #expect(listed == EventType.all.map(\.name))
        for type in EventType.all {
            let said = try #require(contract.component("x-event-types")?[type.name])
            #expect(said["permission"]?.asString == type.permission.rawValue, "\(type)")
            #expect(said["security"]?.asBool == type.isSecurity, "\(type)")
        }
    }

    @Test func `every field of every event type is declared as the contract says`() throws {
        let contract = try Contract.read()
        for type in EventType.all {
            let said = try #require(contract.component("x-event-types")?[type.name])
            let shares = said["shares"]?.asArray?.compactMap(\.asString) ?? []
            let tables = shares.map { contract.component("x-event-fields")?[$0] } + [said["fields"]]
            let fields = tables.flatMap { $0?.asObject?.members ?? [] }.map(Self.line)
            #expect(fields == (type.dataFields ?? []).map(Self.line), "\(type)")
        }
    }

    private static func line(_ member: JSONObject.Member) -> String {
        let type = member.value["type"]?.asString ?? "?"
        let isNullable = member.value["nullable"]?.asBool ?? false
        return "\(member.name) \(type) \(isNullable) \(member.value["optional"]?.asBool ?? false)"
    }

    private static func line(_ field: EventField) -> String {
        "\(field.name) \(field.kind.rawValue) \(field.isNullable) \(field.isOptional)"
    }
}
