import Kernel
import TestSupport
import Testing

@testable import Postgres

@Suite struct TypeTests {
    private func answer(_ sql: StaticString, _ parameters: [Parameter], _ check: @Sendable (Row) -> Void)
        async throws
    {
        let statement = Statement("types", sql)
        let scratch = try await ScratchDatabase.make(migrated: false)
        try await scratch.withDatabase { _, database in
            let rows = try await database.query(statement, parameters: parameters)
            #expect(rows.count == 1)
            check(rows[0])
        }
    }

    @Test func `numbers keep their extremes`() async throws {
        try await answer(
            "select $1, $2, $3, $4, $5, $6, $7::float4, 1::int2, 2::int4",
            [
                .int64(.min), .int64(.max), .int32(.min), .int16(.max), .double(-0.0),
                .double(.greatestFiniteMagnitude), .double(.infinity),
            ]
        ) { row in
            #expect(row.int64(0) == .min)
            #expect(row.int64(1) == .max)
            #expect(row.int64(2) == Int64(Int32.min))
            #expect(row.int(3) == Int(Int16.max))
            #expect(row.double(4).sign == .minus)
            #expect(row.double(5) == .greatestFiniteMagnitude)
            #expect(row.double(6) == .infinity)
            #expect(row.int(7) == 1)
            #expect(row.int(8) == 2)
        }
    }

    @Test func `text, bytes and JSON keep every byte`() async throws {
        let text = "Zürich 🦘 'quoted' \\ \n\u{FFFF}"
        let bytes = (0...255).map { UInt8($0) }
        let json = Array(#"{"a": [1, 2.50, "ü"]}"#.utf8)
        try await answer(
            "select $1::text, $2, $3, $3::json, $4::text, $5, $6::name, $7::text",
            [.text(text), .bytes(bytes), .json(json), .text(""), .bytes([]), .text("n"), .text("last")]
        ) { row in
            #expect(row.text(0) == text)
            #expect(row.bytes(1) == bytes)
            #expect(row.json(2) == json)
            #expect(row.json(3) == json)
            #expect(row.text(4) == "")
            #expect(row.bytes(5) == [])
            #expect(row.text(6) == "n")
            #expect(row.text(7) == "last")
        }
    }

    @Test func `moments and ids come back as they went`() async throws {
        let uuid = UUID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)
        let moments = ["1970-01-01T00:00:00Z", "1999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"]
            .compactMap { Timestamp($0) }
        try await answer(
            "select $1, $2, $3, $4, $2::text, 'infinity'::timestamptz, '-infinity'::timestamptz, $5",
            [.uuid(uuid)] + moments.map { .timestamp($0) } + [.timestamp(Timestamp(microseconds: .max))]
        ) { row in
            #expect(row.uuid(0) == uuid)
            #expect((1...3).map { row.timestamp($0) } == moments)
            #expect(row.text(4) == "1970-01-01 00:00:00+00")
            #expect(row.timestamp(5).microseconds == .max)
            #expect(row.timestamp(6).microseconds == .min)
            #expect(row.timestamp(7).microseconds == .max)
        }
    }

    @Test func `nulls are nulls of every type`() async throws {
        try await answer(
            "select $1, $2, $3, $4::text, $5, $6, $7, $8, $9::uuid",
            [
                .bool(nil), .int(nil), .double(nil), .text(nil), .uuid(nil), .timestamp(nil), .bytes(nil),
                .json(nil),
                .null,
            ]
        ) { row in
            #expect(row.optionalBool(0) == nil)
            #expect(row.optionalInt(1) == nil)
            #expect(row.optionalDouble(2) == nil)
            #expect(row.optionalText(3) == nil)
            #expect(row.optionalUUID(4) == nil)
            #expect(row.optionalTimestamp(5) == nil)
            #expect(row.optionalBytes(6) == nil)
            #expect(row.optionalJSON(7) == nil)
            #expect((0...8).allSatisfy { row.isNull($0) })
        }
    }

    @Test func `arrays keep their elements, also none`() async throws {
        let uuids = (0..<3).map { UUID(high: $0, low: .max) }
        let times = [Timestamp(seconds: 0), Timestamp(seconds: 1_700_000_000)]
        try await answer(
            "select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10::smallint[], $11::jsonb[], $12, $13",
            [
                .textArray(["", "ü", "a,b\"{}"]), .uuidArray(uuids), .int64Array([.min, 0, .max]),
                .doubleArray([0.1, -.infinity]), .timestampArray(times), .byteaArray([[], [0, 255]]),
                .boolArray([true, false]), .textArray([]), .optionalTextArray(["x", nil]),
                .int64Array([1, 2]),
                .jsonArray([Array("{}".utf8)]), .utf8Array([Array("ü".utf8), []]), .utf8Array([]),
            ]
        ) { row in
            #expect(row.textArray(0) == ["", "ü", "a,b\"{}"])
            #expect(row.uuidArray(1) == uuids)
            #expect(row.int64Array(2) == [.min, 0, .max])
            #expect(row.doubleArray(3) == [0.1, -.infinity])
            #expect(row.timestampArray(4) == times)
            #expect(row.byteaArray(5) == [[], [0, 255]])
            #expect(row.boolArray(6) == [true, false])
            #expect(row.textArray(7).isEmpty)
            #expect(row.optionalTextArray(8) == ["x", nil])
            #expect(row.int64Array(9) == [1, 2])
            #expect(row.textArray(11) == ["ü", ""])
            #expect(row.textArray(12).isEmpty)
        }
    }

    @Test func `text becomes what the statement wants of it`() async throws {
        try await answer(
            "select ($1::numeric * 2)::text, host($2::inet), ($3::interval = '1 day')::text",
            [.text("0.30"), .text("10.0.0.1"), .text("24:00")]
        ) { row in
            #expect(row.text(0) == "0.60")
            #expect(row.text(1) == "10.0.0.1")
            #expect(row.text(2) == "true")
        }
    }
}
