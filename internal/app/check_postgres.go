package app

import (
	"context"
	"errors"

	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/outbox/postgres"
)

// postgres judges a PostgreSQL database, and this service's place among the instances that share it.
func (f *Finding) postgres(ctx context.Context, c *config.Config) {
	found, err := postgres.Inspect(ctx, c.Database.Postgres.Reveal())
	names := make([]string, 0, len(found.Instances))
	for _, one := range found.Instances {
		names = append(names, one.Name)
	}
	own := f.addresses(ctx, c, names)
	const variable = "ROWGATE_DATABASE_URL"
	switch {
	case errors.Is(err, postgres.ErrOld):
		f.refuse(variable, "PostgreSQL 服务器太旧：至少需要 %d 版。", "The PostgreSQL server is too old: version %d is the oldest that works.",
			postgres.MinVersion)
	case errors.Is(err, postgres.ErrEncoding):
		f.refuse(variable, "数据库的编码不是 UTF8。请用 CREATE DATABASE … ENCODING 'UTF8' 建库。",
			"The encoding of the database is not UTF8. Make one with CREATE DATABASE … ENCODING 'UTF8'.")
	case errors.Is(err, postgres.ErrNewer):
		f.refuse(variable, "数据库由更新版本的 rowgate 写入，请升级本程序。", "A newer version of rowgate made the schema: upgrade this program.")
	case errors.Is(err, postgres.ErrRights):
		f.refuse(variable, "该用户不能在此库中建立或修改模式 rowgate。请执行：GRANT CREATE ON DATABASE 库名 TO 用户；已有该模式时，由其所有者连接。",
			"The user may not make or change the schema rowgate in this database. GRANT CREATE ON DATABASE … TO the user; where the schema "+
				"exists, connect as its owner.")
	case err != nil:
		f.refuse(variable, "无法连接或使用数据库：%v。", "The database cannot be reached or used: %v.", oneLine(err))
	}
	if err != nil {
		return
	}
	if !found.Exists {
		f.note("数据库还是空的。SQLite 文件里的数据不会转移：先让使用该文件的服务写完并停止，再启动这里。",
			"The database is empty. What a SQLite file holds is not carried over: let the service that has the file finish and stop, then "+
				"start here.")
	}
	if !found.Hears {
		f.note("LISTEN 不可用，可能经过了事务模式的连接池：实例之间将每秒查询一次。直连地址更快。",
			"LISTEN does not work, perhaps because a pooler in transaction mode stands between: instances will ask one another every second. "+
				"A direct address is faster.")
	}
	if !found.Syncs {
		f.note("服务器的 fsync 已关闭：断电会丢失已确认的数据。", "fsync is off at the server: a power cut loses what was acknowledged.")
	}
	if !own {
		if err := fitting(c.Keyring.IDs(), found.Instances); err != nil {
			f.Problems = append(f.Problems, config.Problem{Variable: "ROWGATE_KEY", Text: errMixed.Text})
		}
	}
	f.keys(c, found.Meta)
}
