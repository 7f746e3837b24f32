import JSON
import Testing

/// The checker of answers sees what it is there to see.
struct SchemaTests {
    private let schema = Schema(
        contract: Contract(document: [
            "components": [
                "schemas": [
                    "Named": [
                        "type": "object", "required": ["name"], "properties": ["name": ["type": "string"]],
                    ],
                    "Alias": ["$ref": "#/components/schemas/Named"],
                    "Aged": [
                        "allOf": [
                            ["$ref": "#/components/schemas/Named"],
                            ["type": "object", "properties": ["age": ["type": "integer", "minimum": 0]]],
                        ]
                    ],
                ]
            ]
        ]))
    private let named: JSONValue = ["$ref": "#/components/schemas/Alias"]
    private let aged: JSONValue = ["$ref": "#/components/schemas/Aged"]

    @Test func `what fits has no mistakes`() {
        #expect(schema.mistakes(["name": "a"], named) == [])
        #expect(schema.mistakes(["name": "a", "age": 3], aged) == [])
    }

    @Test func `a missing field, an unknown one and a wrong type are told, through references`() {
        #expect(schema.mistakes([:], named) == ["/name is missing"])
        #expect(schema.mistakes(["name": "a", "nick": "b"], named) == ["/nick is in no schema"])
        #expect(schema.mistakes(["name": 1], named) == ["/name is not string"])
        #expect(schema.mistakes(["name": "a", "age": "1"], aged) == ["/age is not integer"])
        #expect(schema.mistakes(["name": "a", "age": -1], aged) == ["/age is too small or too large"])
        #expect(schema.mistakes(["name": "a", "aged": 1], aged) == ["/aged is in no schema"])
    }

    @Test func `mistakes inside arrays and maps have a place`() {
        let list: JSONValue = ["type": "array", "items": named, "maxItems": 2]
        #expect(schema.mistakes([["name": "a"], ["name": true]], list) == ["/0/name is not string"])
        #expect(schema.mistakes([["name": "a"], ["name": "b"], ["name": "c"]], list).count == 1)
        let map: JSONValue = ["type": "object", "additionalProperties": ["type": "number"]]
        #expect(schema.mistakes(["a": 1, "b": "c"], map) == ["/* is not number"])
        let closed: JSONValue = ["type": "object", "additionalProperties": false]
        #expect(schema.mistakes(["a": 1], closed) == ["/a is not allowed"])
    }

    @Test func `one of several fits, exactly`() {
        let nullable: JSONValue = ["oneOf": [named, ["type": "null"]]]
        #expect(schema.mistakes(.null, nullable) == [])
        #expect(schema.mistakes(["name": "a"], nullable) == [])
        #expect(schema.mistakes(["name": 1], nullable) == ["/name is not string"])
        let both: JSONValue = ["oneOf": [["type": "number"], ["type": "integer"]]]
        #expect(schema.mistakes(1, both) == [" fits more than one of oneOf"])
    }

    @Test(
        arguments: [
            (["enum": ["a", "b"]], "c"), (["const": "a"], "b"), (["pattern": "^[a-z]+$"], "A"),
            (["format": "date-time"], "yesterday"), (["maxLength": 2], "abc"), (["minLength": 2], "a"),
            (["type": ["integer", "null"]], "1"), (["$ref": "#/components/schemas/None"], "a"),
        ] as [(JSONValue, JSONValue)])
    func `each keyword is looked at`(shape: JSONValue, value: JSONValue) {
        #expect(schema.mistakes(value, shape).count == 1)
    }
}
