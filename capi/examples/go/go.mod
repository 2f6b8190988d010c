module sigwarp.example

go 1.19
