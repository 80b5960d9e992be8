/**
 * A campaign through a real Slurm: munged, slurmctld and slurmd of one node, in a folder of their own, as Debian's `slurm-wlm` has them. Run by
 * `npm run test:slurm`, as root, which slurmd asks for.
 */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { cpus, hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWith, onPath } from "../tools.js";

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const SBIN = ["/usr/sbin", "/usr/local/sbin"];
process.env.PATH = [process.env.PATH, ...SBIN].join(":");
const DAEMONS = ["munged", "slurmctld", "slurmd"] as const;
/** Daemons are started only where they are asked for. */
const isWanted = process.env.REQUIRE_TOOLS !== undefined && process.getuid?.() === 0;
const program = isWanted && DAEMONS.every((name) => onPath(name) !== null) ? onPath("sbatch") : null;

const CAMPAIGN = {
  format: "margincert/campaign/1",
  name: "on-slurm",
  seed: 3,
  networks: [{ kind: "fully-connected", widths: [2, 2, 1], activation: "relu" }],
  data: { samples: [2], values: { integers: 2 }, draws: 18 },
  starts: { draws: 20 },
  shrink: 1,
};

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

describeWith(
  program,
  "munged, slurmctld, slurmd and sbatch (Debian: slurm-wlm, munge), root, and npm run test:slurm",
  "Slurm",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "slurm-"));
    const at = (name: string) => join(folder, name);

    function run(command: string, ...args: string[]) {
      const result = spawnSync(command, args, {
        encoding: "utf8",
        env: { ...process.env, SLURM_CONF: at("slurm.conf") },
      });
      if (result.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${result.stderr}${result.stdout}`);
      return result.stdout;
    }

    beforeAll(async () => {
      chmodSync(folder, 0o755);
      writeFileSync(at("munge.key"), randomBytes(1024), { mode: 0o400 });
      for (const name of ["state", "spool"]) mkdirSync(at(name));
      const host = hostname().split(".")[0]!;
      const [control, daemon] = [await freePort(), await freePort()];
      writeFileSync(
        at("slurm.conf"),
        `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=${at("munge.sock")}
StateSaveLocation=${at("state")}
SlurmdSpoolDir=${at("spool")}
SlurmctldPidFile=${at("slurmctld.pid")}
SlurmdPidFile=${at("slurmd.pid")}
SlurmctldLogFile=${at("slurmctld.log")}
SlurmdLogFile=${at("slurmd.log")}
SlurmctldPort=${control}
SlurmdPort=${daemon}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MailProg=/bin/true
KillWait=1
MinJobAge=300
NodeName=${host} NodeAddr=127.0.0.1 CPUs=${Math.max(2, cpus().length)} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`,
      );
      const key = [`--key-file=${at("munge.key")}`, `--socket=${at("munge.sock")}`, `--seed-file=${at("munge.seed")}`];
      run("munged", "--force", ...key, `--pid-file=${at("munged.pid")}`, `--log-file=${at("munged.log")}`);
      run("slurmctld", "-f", at("slurm.conf"));
      run("slurmd", "-f", at("slurm.conf"));
      for (let tries = 0; !run("sinfo", "-h", "-o", "%T").includes("idle"); tries++) {
        if (tries > 60) throw new Error(readFileSync(at("slurmctld.log"), "utf8").slice(-2000));
        await sleep(0.5);
      }
    }, 60_000);

    afterAll(() => {
      spawnSync("scancel", ["--user=root"], { env: { ...process.env, SLURM_CONF: at("slurm.conf") } });
      for (const name of [...DAEMONS].reverse()) {
        const file = at(`${name}.pid`);
        if (existsSync(file)) process.kill(Number(readFileSync(file, "utf8")), "SIGTERM");
      }
    });

    it("runs the shards, one of them requeued while it works, merges them, and has what one machine has", {
      timeout: 240_000,
    }, async () => {
      const file = at("on-slurm.json");
      writeFileSync(file, JSON.stringify(CAMPAIGN));
      const out = at("it's here");
      const margincert = (...args: string[]) => run(process.execPath, MAIN, "hunt", ...args);
      margincert(file, "--slurm", "3", "--out", out);
      const [job] = run("sbatch", "--parsable", join(out, "hunt.sbatch")).trim().split(";");

      // As soon as the first shard has some lines, it is sent back to the queue, which kills it.
      const journal = join(out, "shards", "1-of-3.jsonl");
      const lines = () => (existsSync(journal) ? readFileSync(journal, "utf8").split("\n").length - 2 : 0);
      while (lines() < 1) await sleep(0.05);
      const before = lines();
      expect(before).toBeLessThan(6);
      run("scontrol", "requeue", `${job}_1`);

      const summary = join(out, "summary.json");
      for (let tries = 0; !existsSync(join(out, "index.html")); tries++) {
        // A requeued job waits for two minutes, unless it is told to begin.
        const queue = run("squeue", "-h", "-o", "%i %T %r");
        if (queue.includes(`${job}_1 PENDING`))
          spawnSync("scontrol", ["update", `JobId=${job}_1`, "StartTime=now"], {
            env: { ...process.env, SLURM_CONF: at("slurm.conf") },
          });
        if (tries > 200) throw new Error(`${queue}\n${outputs(out)}`);
        await sleep(1);
      }
      const alone = at("alone");
      margincert(file, "--out", alone);
      for (const name of ["journal.jsonl", "summary.json", "index.html"])
        expect(readFileSync(join(out, name), "utf8"), name).toBe(readFileSync(join(alone, name), "utf8"));
      expect(JSON.parse(readFileSync(summary, "utf8"))).toMatchObject({ units: 18, done: 18 });
      expect(readdirSync(join(out, "certificates"))).toEqual(readdirSync(join(alone, "certificates")));
      expect(outputs(out)).toContain("shard 1 of 3, 6 units done");
    });

    /** What the jobs have said. */
    function outputs(out: string): string {
      return readdirSync(out)
        .filter((name) => name.startsWith("slurm-"))
        .map((name) => `${name}:\n${readFileSync(join(out, name), "utf8")}`)
        .join("\n");
    }
  },
);
