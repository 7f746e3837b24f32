"""The usual way: FastAPI and asyncpg answer the same read with the same two statements (uvicorn fastapi_peer:app)."""

import hashlib
import os
import uuid

import asyncpg
import orjson
from fastapi import FastAPI, Request, Response

TOKEN = "select principal_id, scopes, cidrs, expires_at from token where hash = $1"
KEY = """select id, owner_id, exchange, account, label, environment, status, permissions, ip_allow_list, tags,
    last_used_at, error_count, created_at, updated_at, rotation from key where id = $1 and owner_id = $2"""

app = FastAPI(openapi_url=None)


@app.on_event("startup")
async def connect():
    app.state.pool = await asyncpg.create_pool(
        user="bench", database="peer", host=os.environ["PEER_SOCKET"], min_size=8, max_size=8)


@app.get("/v1/keys/{key_id}")
async def key(key_id: uuid.UUID, request: Request):
    secret = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
    async with app.state.pool.acquire() as connection:
        token = await connection.fetchrow(TOKEN, hashlib.sha256(secret).digest())
        if token is None:
            return Response(status_code=401)
        row = await connection.fetchrow(KEY, key_id, token["principal_id"])
    if row is None:
        return Response(status_code=404)
    return Response(orjson.dumps(dict(row), default=str), media_type="application/json")
