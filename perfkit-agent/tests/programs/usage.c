/* A program that uses known amounts of everything: 64 MB of memory, 300 ms of a processor in a thread called
   "spinner", 4 MB of writing, and a child that lives for 400 ms and ends with status 3. */

#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>

static void *
spin (void *data)
{
  struct timespec used;
  pthread_setname_np (pthread_self (), "spinner");
  do
    clock_gettime (CLOCK_THREAD_CPUTIME_ID, &used);
  while (used.tv_sec == 0 && used.tv_nsec < 300000000);
  usleep (300000);
  return NULL;
}

int
main (void)
{
  size_t size = 64 << 20;
  char *memory = malloc (size);
  pthread_t thread;
  pid_t child;
  int status, file = open ("/dev/null", O_WRONLY);

  memset (memory, 1, size);
  prctl (PR_SET_NAME, "a) R 1 (b");
  child = fork ();
  if (child == 0)
    {
      usleep (400000);
      _exit (3);
    }
  pthread_create (&thread, NULL, spin, NULL);
  for (int i = 0; i < 64; i++)
    if (write (file, memory, 65536) != 65536)
      return 1;
  pthread_join (thread, NULL);
  /* The child stays a zombie for a while, and so tells its status; and what is looked at once a second only is
     looked at once more. */
  usleep (900000);
  waitpid (child, &status, 0);
  return memory[size - 1] - 1;
}
